#version 330 core
precision highp float;
precision highp int;
uniform highp sampler2D tex_a;
uniform ivec4 u_a_shape;
uniform ivec2 u_a_layout;  // pitch, texture width
uniform float u_input;
uniform ivec4 u_out_shape;
uniform ivec2 u_out_layout;  // pitch, texture width
layout(location = 0) out vec4 gk_texel;
ivec4 gk_index;
invariant gk_texel;
float gk_exact;  // every variable feeds it, and it an output, so that floats round as written
bool gk_holds;  // a condition on floats
uniform float gk_zero;  // 0.0; unknown to the compiler, so 0.0 * x is no constant

float gk_pow(float x, float y) {
    if (y == 0.0 || x == 1.0) return 1.0;
    uint a = floatBitsToUint(x) & 0x7FFFFFFFu;
    uint b = floatBitsToUint(y) & 0x7FFFFFFFu;
    if (a > 0x7F800000u || b > 0x7F800000u) return intBitsToFloat(0x7FC00000);
    float size = abs(x);
    float power = abs(y);
    bool whole = b >= 0x4B800000u || floor(power) == power;
    bool odd = whole && b < 0x4B800000u && (int(power) & 1) != 0;
    uint sign_bit = odd ? floatBitsToUint(x) & 0x80000000u : 0u;
    if (size == 1.0 && b == 0x7F800000u) return 1.0;
    if (a < 0x00800000u || a == 0x7F800000u || b == 0x7F800000u) {
        return uintBitsToFloat((size > 1.0) == (y > 0.0) ? sign_bit | 0x7F800000u : sign_bit);
    }
    if (x < 0.0 && !whole) return intBitsToFloat(0x7FC00000);
    bool short_base = (a & 0x0007FFFFu) == 0u;
    if (whole && power <= (short_base ? 16.0 : 4.0)) {
        float product = 1.0;
        float square = size;
        for (int n = int(power); n != 0; n >>= 1) {
            if ((n & 1) != 0) product *= square;
            if (n > 1) square *= square;
        }
        if (sign_bit != 0u) product = -product;
        if (y > 0.0) return product;
        if (abs(product) > 1.0e-36 && abs(product) < 1.0e36) return 1.0 / product;
    }
    uint field = a + 0x004AFB0Du;
    int exponent = int(field >> 23) - 127;
    float m = uintBitsToFloat((field & 0x007FFFFFu) + 0x3F3504F3u);
    float f = m - 1.0;
    float t = m + 1.0;
    float t_high = uintBitsToFloat(floatBitsToUint(t) & 0xFFFFF000u);
    float t_low = m - (t_high - 1.0);
    float s = f / t;
    float s_high = uintBitsToFloat(floatBitsToUint(s) & 0xFFFFF000u);
    float s_low = ((f - s_high * t_high) - s_high * t_low) / t;
    float z = s * s;
    float tail = s_low + s * z * (0.3333333328 + z * (0.2000006154 + z * (0.1427534543
        + z * 0.1166690867)));
    float top = s_high * 2.884765625;
    float rest = s_high * 0.0006244566 + tail * 2.885390082;
    float log_high = uintBitsToFloat(floatBitsToUint(float(exponent) + (top + rest))
        & 0xFFFFF000u);
    float log_low = ((float(exponent) - log_high) + top) + rest;
    float y_high = uintBitsToFloat(floatBitsToUint(y) & 0xFFFFF000u);
    float high = y_high * log_high;
    float low = (y - y_high) * log_high + y * log_low;
    if (high + low >= 128.0) return uintBitsToFloat(sign_bit | 0x7F800000u);
    if (high + low < -150.0) return uintBitsToFloat(sign_bit);
    float n = floor(high + low + 0.5);
    float r = ((high - n) + low) * 0.6931471806;
    float result = 1.0 + (r + r * r * (0.5000000013 + r * (0.1666666672 + r * (0.04166646491
        + r * (0.00833329847 + r * (0.001393365035 + r * 0.0001989928506))))));
    int half_n = int(n) >> 1;
    result *= intBitsToFloat((half_n + 127) << 23);
    result *= intBitsToFloat((int(n) - half_n + 127) << 23);
    return sign_bit != 0u ? -result : result;
}

float load_a(int i0, int i1) {
    if (!(uint(i0) < uint(u_a_shape.x) && uint(i1) < uint(u_a_shape.y))) return 0.0;
    int gk_e = i0 * u_a_layout.x + i1;
    int gk_t = gk_e >> 2;
    return texelFetch(tex_a, ivec2(gk_t % u_a_layout.y, gk_t / u_a_layout.y), 0)[gk_e & 3];
}

float falloff(float x, int strength) {
    gk_exact = x + float(strength);
    // 43: if x < 0:
    if ((gk_holds = (x < gk_zero))) {
        // 44: return 0.0
        return gk_zero;
    }
    // 45: return x**strength / (1 + x)
    float t0 = ((gk_pow(x, float(strength))) / (1.0 + x));
    gk_exact = t0;
    return t0;
}

float helper() {
    int i = 0;
    int j = 0;
    gk_exact = float(i) + float(j);
    // 50: i, j = index()
    i = gk_index.x;
    j = gk_index.y;
    // 51: return falloff(a[i, j]) + falloff(a[-1, j], 3) * input
    float t0 = (falloff(load_a(i, j), 2) + (falloff(load_a((u_a_shape.x + (-1)), j), 3) * u_input));
    gk_exact = t0;
    return t0;
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
        gk_result[gk_lane] = float(helper());
    }
    gk_texel = gk_result;
}
