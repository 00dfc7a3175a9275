#version 330 core
precision highp float;
precision highp int;
uniform highp sampler2D tex_a;
uniform ivec4 u_a_shape;
uniform ivec2 u_a_layout;  // pitch, texture width
uniform highp sampler2D tex_b;
uniform ivec4 u_b_shape;
uniform ivec2 u_b_layout;  // pitch, texture width
uniform ivec4 u_out_shape;
uniform ivec2 u_out_layout;  // pitch, texture width
layout(location = 0) out vec4 gk_texel;
ivec4 gk_index;
invariant gk_texel;
float gk_exact;  // every variable feeds it, and it an output, so that floats round as written
bool gk_holds;  // a condition on floats
uniform float gk_zero;  // 0.0; unknown to the compiler, so 0.0 * x is no constant

float load_a(int i0, int i1) {
    if (!(uint(i0) < uint(u_a_shape.x) && uint(i1) < uint(u_a_shape.y))) return 0.0;
    int gk_e = i0 * u_a_layout.x + i1;
    int gk_t = gk_e >> 2;
    return texelFetch(tex_a, ivec2(gk_t % u_a_layout.y, gk_t / u_a_layout.y), 0)[gk_e & 3];
}

float load_b(int i0, int i1) {
    if (!(uint(i0) < uint(u_b_shape.x) && uint(i1) < uint(u_b_shape.y))) return 0.0;
    int gk_e = i0 * u_b_layout.x + i1;
    int gk_t = gk_e >> 2;
    return texelFetch(tex_b, ivec2(gk_t % u_b_layout.y, gk_t / u_b_layout.y), 0)[gk_e & 3];
}

float matmul() {
    int i = 0;
    int j = 0;
    float total = 0.0;
    int k = 0;
    gk_exact = float(i) + float(j) + total + float(k);
    // 22: i, j = index()
    i = gk_index.x;
    j = gk_index.y;
    // 23: total = 0.0
    total = gk_zero;
    // 24: for k in range(a.shape[1]):
    int t1 = u_a_shape.y;
    for (int t0 = 0; t0 < t1; ++t0) {
        k = t0;
        // 25: total += a[i, k] * b[k, j]
        total = (total + (load_a(i, k) * load_b(k, j)));
    }
    // 26: return total
    return total;
}

void main() {
    gk_exact = float(gk_index.x) + float(gk_holds);
    gk_texel = vec4(gk_exact);
    int gk_cell = int(gl_FragCoord.y) * u_out_layout.y + int(gl_FragCoord.x);
    int gk_rows = u_out_shape.x;
    vec4 gk_result = vec4(0);
    for (int gk_lane = 0; gk_lane < 4; ++gk_lane) {
        int gk_e = gk_cell * 4 + gk_lane;
        int gk_row = gk_e / u_out_layout.x;
        int gk_column = gk_e - gk_row * u_out_layout.x;
        if (gk_row >= gk_rows || gk_column >= u_out_shape.y) continue;
        gk_index.x = gk_row;
        gk_index.y = gk_column;
        gk_result[gk_lane] = float(matmul());
    }
    gk_texel = gk_result;
}
