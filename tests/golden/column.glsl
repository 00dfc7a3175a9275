#version 330 core
precision highp float;
precision highp int;
uniform highp sampler2D tex_a;
uniform ivec4 u_a_shape;
uniform ivec4 u_a_layout;  // pitch, mask and shift of texel numbers, last texel of a row
uniform float u_limit;
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

bvec4 gk_and(bvec4 a, bvec4 b) {
    return bvec4(a.x && b.x, a.y && b.y, a.z && b.z, a.w && b.w);
}

vec4 fetch_a(int i0, int t) {
    if (!(uint(i0) < uint(u_a_shape.x))) return vec4(0.0);
    return texelFetch(tex_a, ivec2(t, i0), 0);
}

vec4 column(bvec4 gk_active) {
    vec4 total = vec4(0.0);
    int k = 0;
    gk_exact = float(k);
    gk_exact4 = total;
    // 68: i, j = index()
    // 69: total = 0.0
    total = vec4(gk_zero);
    // 70: k = i
    k = gk_index.x;
    // 71: while k < a.shape[0] and total < limit:
    bvec4 t0 = gk_active;
    while (true) {
        t0 = gk_and(t0, (gk_holds4 = gk_and(bvec4((k < u_a_shape.x)), (lessThan(total, vec4(u_limit))))));
        // 72: if a[k, j] > 0.5:
        vec4 t2 = fetch_a(k, gk_texel);
        bvec4 t1 = (gk_holds4 = (greaterThan(t2, vec4(0.5))));
        bvec4 t3 = gk_and(t0, t1);
        // 73: total += a[k, j]
        total = mix(total, (total + t2), t3);
        // 74: k += 1
        k = (k + 1);
        if (!any(t0)) break;
    }
    // 75: return total
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
    bool gk_inside = gk_row < gk_rows && gk_texel <= u_out_layout.w;
    gk_row = min(gk_row, gk_rows - 1);
    int gk_first = 4 * gk_texel;
    gk_column = 4 * gk_texel;
    gk_columns = min(gk_column + ivec4(0, 1, 2, 3), u_out_shape.y - 1);
    gk_index.y = gk_column;
    gk_index.x = gk_row;
    bvec4 gk_cells = lessThan(gk_first + ivec4(0, 1, 2, 3), ivec4(gk_inside ? u_out_shape.y : 0));
    vec4 gk_result;
    gk_result = column(gk_cells);
    gk_texel_out = gk_result;
}
