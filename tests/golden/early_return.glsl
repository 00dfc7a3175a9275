#version 330 core
precision highp float;
precision highp int;
uniform int u_n;
uniform ivec4 u_out_shape;
uniform ivec4 u_out_layout;  // pitch, mask and shift of texel numbers, last texel of a row
layout(location = 0) out ivec4 gk_texel_out;
ivec4 gk_index;
int gk_texel;  // in its row; the four cells are its lanes
int gk_column;  // of the first cell
ivec4 gk_columns;  // of the cells, the last one of the row for those beyond

bvec4 gk_and(bvec4 a, bvec4 b) {
    return bvec4(a.x && b.x, a.y && b.y, a.z && b.z, a.w && b.w);
}

ivec4 gk_pick(ivec4 otherwise, ivec4 then, bvec4 lanes) {
    return ivec4(lanes.x ? then.x : otherwise.x, lanes.y ? then.y : otherwise.y, lanes.z ? then.z : otherwise.z, lanes.w ? then.w : otherwise.w);
}

ivec4 early_return() {
    bvec4 gk_live = bvec4(true);
    ivec4 gk_r0 = ivec4(0);
    // 33: target = index() * n
    // 34: for i in range(10):
    // 35: for j in range(i, 0, -2):
    // 36: if i * j == target:
    // 33: target = index() * n
    bvec4 t0 = (equal(ivec4(1), (gk_columns * u_n)));
    bvec4 t1 = gk_and(gk_live, t0);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(1), t1);
    gk_live = gk_and(gk_live, not(t1));
    t1 = bvec4(false);
    // 36: if i * j == target:
    // 40: target -= 1
    bvec4 t2 = (equal(ivec4(4), ((gk_columns * u_n) - 1)));
    bvec4 t3 = gk_and(gk_live, t2);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(2), t3);
    gk_live = gk_and(gk_live, not(t3));
    t3 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t4 = (equal(ivec4(9), ((gk_columns * u_n) - 2)));
    bvec4 t5 = gk_and(gk_live, t4);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(3), t5);
    gk_live = gk_and(gk_live, not(t5));
    t5 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t6 = (equal(ivec4(3), ((gk_columns * u_n) - 3)));
    bvec4 t7 = gk_and(gk_live, t6);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(3), t7);
    gk_live = gk_and(gk_live, not(t7));
    t7 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t8 = (equal(ivec4(16), ((gk_columns * u_n) - 4)));
    bvec4 t9 = gk_and(gk_live, t8);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(4), t9);
    gk_live = gk_and(gk_live, not(t9));
    t9 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t10 = (equal(ivec4(8), ((gk_columns * u_n) - 5)));
    bvec4 t11 = gk_and(gk_live, t10);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(4), t11);
    gk_live = gk_and(gk_live, not(t11));
    t11 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t12 = (equal(ivec4(25), ((gk_columns * u_n) - 6)));
    bvec4 t13 = gk_and(gk_live, t12);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(5), t13);
    gk_live = gk_and(gk_live, not(t13));
    t13 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t14 = (equal(ivec4(15), ((gk_columns * u_n) - 7)));
    bvec4 t15 = gk_and(gk_live, t14);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(5), t15);
    gk_live = gk_and(gk_live, not(t15));
    t15 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t16 = (equal(ivec4(5), ((gk_columns * u_n) - 8)));
    bvec4 t17 = gk_and(gk_live, t16);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(5), t17);
    gk_live = gk_and(gk_live, not(t17));
    t17 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t18 = (equal(ivec4(36), ((gk_columns * u_n) - 9)));
    bvec4 t19 = gk_and(gk_live, t18);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(6), t19);
    gk_live = gk_and(gk_live, not(t19));
    t19 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t20 = (equal(ivec4(24), ((gk_columns * u_n) - 10)));
    bvec4 t21 = gk_and(gk_live, t20);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(6), t21);
    gk_live = gk_and(gk_live, not(t21));
    t21 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t22 = (equal(ivec4(12), ((gk_columns * u_n) - 11)));
    bvec4 t23 = gk_and(gk_live, t22);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(6), t23);
    gk_live = gk_and(gk_live, not(t23));
    t23 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t24 = (equal(ivec4(49), ((gk_columns * u_n) - 12)));
    bvec4 t25 = gk_and(gk_live, t24);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(7), t25);
    gk_live = gk_and(gk_live, not(t25));
    t25 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t26 = (equal(ivec4(35), ((gk_columns * u_n) - 12)));
    bvec4 t27 = gk_and(gk_live, t26);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(7), t27);
    gk_live = gk_and(gk_live, not(t27));
    t27 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t28 = (equal(ivec4(21), ((gk_columns * u_n) - 13)));
    bvec4 t29 = gk_and(gk_live, t28);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(7), t29);
    gk_live = gk_and(gk_live, not(t29));
    t29 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t30 = (equal(ivec4(7), ((gk_columns * u_n) - 14)));
    bvec4 t31 = gk_and(gk_live, t30);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(7), t31);
    gk_live = gk_and(gk_live, not(t31));
    t31 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t32 = (equal(ivec4(64), ((gk_columns * u_n) - 15)));
    bvec4 t33 = gk_and(gk_live, t32);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(8), t33);
    gk_live = gk_and(gk_live, not(t33));
    t33 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t34 = (equal(ivec4(48), ((gk_columns * u_n) - 15)));
    bvec4 t35 = gk_and(gk_live, t34);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(8), t35);
    gk_live = gk_and(gk_live, not(t35));
    t35 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t36 = (equal(ivec4(32), ((gk_columns * u_n) - 15)));
    bvec4 t37 = gk_and(gk_live, t36);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(8), t37);
    gk_live = gk_and(gk_live, not(t37));
    t37 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t38 = (equal(ivec4(16), ((gk_columns * u_n) - 16)));
    bvec4 t39 = gk_and(gk_live, t38);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(8), t39);
    gk_live = gk_and(gk_live, not(t39));
    t39 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t40 = (equal(ivec4(81), ((gk_columns * u_n) - 17)));
    bvec4 t41 = gk_and(gk_live, t40);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(9), t41);
    gk_live = gk_and(gk_live, not(t41));
    t41 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t42 = (equal(ivec4(63), ((gk_columns * u_n) - 17)));
    bvec4 t43 = gk_and(gk_live, t42);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(9), t43);
    gk_live = gk_and(gk_live, not(t43));
    t43 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t44 = (equal(ivec4(45), ((gk_columns * u_n) - 17)));
    bvec4 t45 = gk_and(gk_live, t44);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(9), t45);
    gk_live = gk_and(gk_live, not(t45));
    t45 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t46 = (equal(ivec4(27), ((gk_columns * u_n) - 17)));
    bvec4 t47 = gk_and(gk_live, t46);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(9), t47);
    gk_live = gk_and(gk_live, not(t47));
    t47 = bvec4(false);
    // 36: if i * j == target:
    bvec4 t48 = (equal(ivec4(9), ((gk_columns * u_n) - 18)));
    bvec4 t49 = gk_and(gk_live, t48);
    // 37: return i
    gk_r0 = gk_pick(gk_r0, ivec4(9), t49);
    gk_live = gk_and(gk_live, not(t49));
    t49 = bvec4(false);
    // 38: if i + j > 12:
    // 39: continue
    // 41: return -1
    gk_r0 = gk_pick(gk_r0, ivec4((-1)), gk_live);
    return gk_r0;
}

void main() {
    ivec2 gk_place = ivec2(gl_FragCoord.xy);
    int gk_rows = 1;
    gk_texel = (gk_place.y << u_out_layout.z) + gk_place.x;
    int gk_texels = (u_out_layout.x + 3) >> 2;  // of a row
    bool gk_inside = uint(gk_texel) < uint(gk_rows * gk_texels);
    if (!gk_inside) gk_texel = 0;
    int gk_first = 4 * gk_texel;
    gk_column = 4 * gk_texel;
    gk_columns = min(gk_column + ivec4(0, 1, 2, 3), u_out_shape.x - 1);
    gk_index.x = gk_column;
    ivec4 gk_result;
    gk_result = early_return();
    gk_texel_out = gk_result;
}
