// Elementwise kernels, a thread an element: each is its own naive twin. Matrices are row-major views
// with a stride, in elements, between the beginnings of rows; out may be an input.

#include "elements.cuh"
#include "functions.cuh"

// out = value
extern "C" __global__ void fill(float* out, long long out_stride, float value, int rows,
                                int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = value;
}

// out = factor x; with factor 1 a copy
extern "C" __global__ void scale(float* out, long long out_stride, const float* x,
                                 long long x_stride, float factor, int rows, int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = factor * x[i * x_stride + j];
}

// out += factor x
extern "C" __global__ void add_scaled(float* out, long long out_stride, const float* x,
                                      long long x_stride, float factor, int rows, int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = fmaf(factor, x[i * x_stride + j], out[i * out_stride + j]);
}

// out = a + b
extern "C" __global__ void add(float* out, long long out_stride, const float* a, long long a_stride,
                               const float* b, long long b_stride, int rows, int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = a[i * a_stride + j] + b[i * b_stride + j];
}

// out = a - b
extern "C" __global__ void subtract(float* out, long long out_stride, const float* a,
                                    long long a_stride, const float* b, long long b_stride,
                                    int rows, int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = a[i * a_stride + j] - b[i * b_stride + j];
}

// out = a b
extern "C" __global__ void multiply(float* out, long long out_stride, const float* a,
                                    long long a_stride, const float* b, long long b_stride,
                                    int rows, int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = a[i * a_stride + j] * b[i * b_stride + j];
}

// out[i] = x[i] + factor row
extern "C" __global__ void add_row(float* out, long long out_stride, const float* x,
                                   long long x_stride, const float* row, float factor, int rows,
                                   int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = fmaf(factor, row[j], x[i * x_stride + j]);
}

// out[i] = x[i] row
extern "C" __global__ void multiply_row(float* out, long long out_stride, const float* x,
                                        long long x_stride, const float* row, int rows,
                                        int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = x[i * x_stride + j] * row[j];
}

// out[i] = table[ids[i]]
extern "C" __global__ void gather_rows(float* out, long long out_stride, const float* table,
                                       long long table_stride, const int* ids, int rows,
                                       int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = table[ids[i] * table_stride + j];
}

// out = f(x)
extern "C" __global__ void activate(float* out, long long out_stride, const float* x,
                                    long long x_stride, int function, int rows, int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = value_of(function, x[i * x_stride + j]);
}

// dx = dy f'(x)
extern "C" __global__ void activate_backward(float* dx, long long dx_stride, const float* dy,
                                             long long dy_stride, const float* x,
                                             long long x_stride, int function, int rows,
                                             int columns) {
    FOR_ELEMENT;
    dx[i * dx_stride + j] = dy[i * dy_stride + j] * derivative_of(function, x[i * x_stride + j]);
}

// out = f(gate) linear
extern "C" __global__ void gated_activate(float* out, long long out_stride, const float* gate,
                                          long long gate_stride, const float* linear,
                                          long long linear_stride, int function, int rows,
                                          int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] =
        value_of(function, gate[i * gate_stride + j]) * linear[i * linear_stride + j];
}

// d_gate = d_out linear f'(gate), d_linear = d_out f(gate)
extern "C" __global__ void gated_activate_backward(
    float* d_gate, long long d_gate_stride, float* d_linear, long long d_linear_stride,
    const float* d_out, long long d_out_stride, const float* gate, long long gate_stride,
    const float* linear, long long linear_stride, int function, int rows, int columns) {
    FOR_ELEMENT;
    const float d = d_out[i * d_out_stride + j];
    const float g = gate[i * gate_stride + j];
    const float factor = linear[i * linear_stride + j];
    d_gate[i * d_gate_stride + j] = d * factor * derivative_of(function, g);
    d_linear[i * d_linear_stride + j] = d * value_of(function, g);
}

// out = cap tanh(x / cap)
extern "C" __global__ void soft_cap(float* out, long long out_stride, const float* x,
                                    long long x_stride, float cap, int rows, int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = cap * tanhf(x[i * x_stride + j] / cap);
}

// dx = dy (1 - (y / cap)^2)
extern "C" __global__ void soft_cap_backward(float* dx, long long dx_stride, const float* dy,
                                             long long dy_stride, const float* y,
                                             long long y_stride, float cap, int rows,
                                             int columns) {
    FOR_ELEMENT;
    const float share = y[i * y_stride + j] / cap;
    dx[i * dx_stride + j] = dy[i * dy_stride + j] * (1.f - share * share);
}

// out[i] = column ids[i] of table
extern "C" __global__ void gather_columns(float* out, long long out_stride, const float* table,
                                          long long table_stride, const int* ids, int rows,
                                          int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = table[j * table_stride + ids[i]];
}

// out[i] = factors[i] x[i]
extern "C" __global__ void scale_rows(float* out, long long out_stride, const float* x,
                                      long long x_stride, const float* factors, int rows,
                                      int columns) {
    FOR_ELEMENT;
    out[i * out_stride + j] = factors[i] * x[i * x_stride + j];
}

// Rotary position embedding: within each head of `width` columns, columns c and c + half turn by the
// angle of the token's position; `sign` is -1 backward. A thread a column, so out may be x only
// because the thread of c writes c + half too.
extern "C" __global__ void rotary(float* out, long long out_stride, const float* x,
                                  long long x_stride, const int* positions, const float* cos,
                                  long long cos_stride, const float* sin, long long sin_stride,
                                  int width, int half, float sign, int rows, int columns) {
    FOR_ELEMENT;
    const int c = j % width;
    const float* from = x + i * x_stride + j;
    float* to = out + i * out_stride + j;
    if (c >= 2 * half) {
        *to = *from;
    } else if (c < half) {
        const float cosine = cos[positions[i] * cos_stride + c];
        const float sine = sign * sin[positions[i] * sin_stride + c];
        const float a = from[0];
        const float b = from[half];
        to[0] = a * cosine - b * sine;
        to[half] = b * cosine + a * sine;
    }
}
