#version 330 core
precision highp float;
precision highp int;
uniform highp sampler2D tex_a;
uniform ivec4 u_a_shape;
uniform ivec4 u_a_layout;  // pitch, mask and shift of texel numbers, last texel of a row
uniform vec4 u_weights_values[16];
uniform ivec4 u_weights_shape;
uniform ivec4 u_weights_layout;  // pitch, mask and shift of texel numbers, last texel of a row
uniform ivec4 u_out_shape;
uniform ivec4 u_out_layout;  // pitch, mask and shift of texel numbers, last texel of a row
layout(location = 0) out vec4 gk_texel_out;
ivec4 gk_index;
int gk_texel;  // in its row; the four cells are its lanes
int gk_column;  // of the first cell
ivec4 gk_columns;  // of the cells, the last one of the row for those beyond
invariant gk_texel_out;
float gk_exact;  // every variable feeds it, and it an output, so that floats round as written
bool gk_holds;  // a condition on floats
vec4 gk_exact4;
bvec4 gk_holds4;
uniform float gk_zero;  // 0.0; unknown to the compiler, so 0.0 * x is no constant

vec4 fetch_a(int i0, int t) {
    i0 = clamp(i0, 0, u_a_shape.x - 1);
    int asked = t;
    t = clamp(t, 0, u_a_layout.w);
    vec4 v = texelFetch(tex_a, ivec2(t, i0), 0);
    return asked < 0 ? v.xxxx : asked > u_a_layout.w ? v.wwww : v;
}

vec4 stencil() {
    vec4 total = vec4(0.0);
    gk_exact4 = total;
    // 58: i, j = index()
    // 59: total = 0.0
    total = vec4(gk_zero);
    // 60: for y in range(3):
    // 61: for x in range(3):
    // 62: total += a[i + y - 1, j + x - 1] * weights[y, x]
    vec4 t0 = fetch_a((gk_index.x - 1), gk_texel - 1);
    vec4 t1 = fetch_a((gk_index.x - 1), gk_texel);
    total = (gk_zero + (vec4(t0.w, t1.xyz) * u_weights_values[0].x));
    total = (total + (t1 * u_weights_values[0].y));
    vec4 t2 = fetch_a((gk_index.x - 1), gk_texel + 1);
    total = (total + (vec4(t1.yzw, t2.x) * u_weights_values[0].z));
    vec4 t3 = fetch_a(gk_index.x, gk_texel - 1);
    vec4 t4 = fetch_a(gk_index.x, gk_texel);
    total = (total + (vec4(t3.w, t4.xyz) * u_weights_values[0].w));
    total = (total + (t4 * u_weights_values[1].x));
    vec4 t5 = fetch_a(gk_index.x, gk_texel + 1);
    total = (total + (vec4(t4.yzw, t5.x) * u_weights_values[1].y));
    vec4 t6 = fetch_a((gk_index.x + 1), gk_texel - 1);
    vec4 t7 = fetch_a((gk_index.x + 1), gk_texel);
    total = (total + (vec4(t6.w, t7.xyz) * u_weights_values[1].z));
    total = (total + (t7 * u_weights_values[1].w));
    vec4 t8 = fetch_a((gk_index.x + 1), gk_texel + 1);
    total = (total + (vec4(t7.yzw, t8.x) * u_weights_values[2].x));
    // 63: return total
    return total;
}

void main() {
    gk_exact = float(gk_index.x) + float(gk_holds);
    gk_exact4 = vec4(gk_columns) + vec4(gk_holds4) + gk_exact;
    gk_texel_out = vec4(gk_exact4);
    ivec2 gk_place = ivec2(gl_FragCoord.xy);
    int gk_rows = u_out_shape.x;
    gk_texel = gk_place.x;
    int gk_row = gk_place.y;
    int gk_first = 4 * gk_texel;
    gk_column = 4 * gk_texel;
    gk_columns = min(gk_column + ivec4(0, 1, 2, 3), u_out_shape.y - 1);
    gk_index.y = gk_column;
    gk_index.x = gk_row;
    vec4 gk_result;
    gk_result = stencil();
    gk_texel_out = gk_result;
}
