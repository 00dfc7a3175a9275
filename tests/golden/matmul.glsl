#version 330 core
precision highp float;
precision highp int;
uniform highp sampler2D tex_a;
uniform ivec4 u_a_shape;
uniform ivec4 u_a_layout;  // pitch, mask and shift of texel numbers, last texel of a row
uniform highp sampler2D tex_b;
uniform ivec4 u_b_shape;
uniform ivec4 u_b_layout;  // pitch, mask and shift of texel numbers, last texel of a row
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

uint gk_count(int start, int stop, int by) {
    if (by > 0 && stop > start) return (uint(stop) - uint(start) - 1u) / uint(by) + 1u;
    if (by < 0 && stop < start) return (uint(start) - uint(stop) - 1u) / uint(-by) + 1u;
    return 0u;
}

vec4 fetch_a(int i0, int t) {
    return texelFetch(tex_a, ivec2(t, i0), 0);
}

float load_a(int i0, int i1) {
    return texelFetch(tex_a, ivec2(i1 >> 2, i0), 0)[i1 & 3];
}

vec4 fetch_b(int i0, int t) {
    return texelFetch(tex_b, ivec2(t, i0), 0);
}

vec4 matmul() {
    vec4 total = vec4(0.0);
    int k = 0;
    int t0 = 0;
    int t1 = 0;
    gk_exact = float(k) + float(t0) + float(t1);
    gk_exact4 = total;
    // 24: i, j = index()
    // 25: total = 0.0
    total = vec4(gk_zero);
    // 26: for k in range(a.shape[1]):
    t0 = ((max(u_a_shape.y, 0)) & (-4));
    int t3 = t0;
    uint t4 = gk_count(0, t3, 4);
    for (uint t2 = 0u; t2 < t4; ++t2) {
        t1 = 0 + int(t2) * 4;
        // 27: total += a[i, k] * b[k, j]
        vec4 t5 = fetch_a(gk_index.x, (t1 >> 2));
        vec4 t6 = fetch_b(t1, gk_texel);
        total = (total + (t5.x * t6));
        // 26: for k in range(a.shape[1]):
        vec4 t7 = fetch_b((t1 + 1), gk_texel);
        total = (total + (t5.y * t7));
        vec4 t8 = fetch_b((t1 + 2), gk_texel);
        total = (total + (t5.z * t8));
        vec4 t9 = fetch_b((t1 + 3), gk_texel);
        total = (total + (t5.w * t9));
    }
    // 26: for k in range(a.shape[1]):
    int t11 = t0;
    int t12 = u_a_shape.y;
    for (int t10 = t11; t10 < t12; ++t10) {
        k = t10;
        // 27: total += a[i, k] * b[k, j]
        float t13 = load_a(gk_index.x, k);
        vec4 t14 = fetch_b(k, gk_texel);
        total = (total + (t13 * t14));
    }
    // 28: return total
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
    gk_result = matmul();
    gk_texel_out = gk_result;
}
