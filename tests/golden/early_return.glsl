#version 330 core
precision highp float;
precision highp int;
uniform int u_n;
uniform ivec4 u_out_shape;
uniform ivec2 u_out_layout;  // pitch, texture width
layout(location = 0) out ivec4 gk_texel;
ivec4 gk_index;

int early_return() {
    int target = 0;
    int i = 0;
    int j = 0;
    // 31: target = index() * n
    target = (gk_index.x * u_n);
    // 32: for i in range(10):
    for (int t0 = 0; t0 < 10; ++t0) {
        i = t0;
        // 33: for j in range(i, 0, -2):
        int t2 = i;
        uint t3 = 0u;
        if ((-2) > 0 && 0 > t2) t3 = (uint(0) - uint(t2) - 1u) / uint((-2)) + 1u;
        if ((-2) < 0 && 0 < t2) t3 = (uint(t2) - uint(0) - 1u) / uint(-(-2)) + 1u;
        for (uint t1 = 0u; t1 < t3; ++t1) {
            j = t2 + int(t1) * (-2);
            // 34: if i * j == target:
            if (((i * j) == target)) {
                // 35: return i
                return i;
            }
            // 36: if i + j > 12:
            if (((i + j) > 12)) {
                // 37: continue
                continue;
            }
            // 38: target -= 1
            target = (target - 1);
        }
    }
    // 39: return -1
    return (-1);
}

void main() {
    int gk_cell = int(gl_FragCoord.y) * u_out_layout.y + int(gl_FragCoord.x);
    int gk_rows = 1;
    ivec4 gk_result = ivec4(0);
    for (int gk_lane = 0; gk_lane < 4; ++gk_lane) {
        int gk_e = gk_cell * 4 + gk_lane;
        int gk_row = gk_e / u_out_layout.x;
        int gk_column = gk_e - gk_row * u_out_layout.x;
        if (gk_row >= gk_rows || gk_column >= u_out_shape.x) continue;
        gk_index.x = gk_column;
        gk_result[gk_lane] = int(early_return());
    }
    gk_texel = gk_result;
}
