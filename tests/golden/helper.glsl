#version 330 core
precision highp float;
precision highp int;
uniform highp sampler2D tex_a;
uniform ivec4 u_a_shape;
uniform ivec4 u_a_layout;  // pitch, mask and shift of texel numbers, last texel of a row
uniform float u_input;
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
    return texelFetch(tex_a, ivec2(t, i0), 0);
}

vec4 helper() {
    vec4 x_1 = vec4(0.0);
    vec4 x_2 = vec4(0.0);
    gk_exact4 = x_1 + x_2;
    // 52: i, j = index()
    // 53: return falloff(a[i, j]) + falloff(a[-1, j], 3) * input
    vec4 t0 = fetch_a(gk_index.x, gk_texel);
    x_1 = t0;
    vec4 t1 = fetch_a((u_a_shape.x - 1), gk_texel);
    x_2 = t1;
    // 45: if x < 0:
    // 47: return x**strength / (1 + x)
    vec4 t2 = (mix(((x_1 * x_1) / (1.0 + x_1)), vec4(gk_zero), (gk_holds4 = (lessThan(x_1, vec4(gk_zero))))) + (mix(((x_2 * (x_2 * x_2)) / (1.0 + x_2)), vec4(gk_zero), (gk_holds4 = (lessThan(x_2, vec4(gk_zero))))) * u_input));
    gk_exact4 = t2;
    return t2;
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
    gk_result = helper();
    gk_texel_out = gk_result;
}
