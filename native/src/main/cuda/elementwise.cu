// Elementwise kernels, a thread an element: each is its own naive twin. Matrices are row-major views
// with a stride, in elements, between the beginnings of rows; out may be an input.

struct Element {
    int row;
    int column;
    bool inside;
};

static __device__ Element element_of(int rows, int columns) {
    const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    return {int(i / columns), int(i % columns), i < (long long)rows * columns};
}

#define FOR_ELEMENT                                    \
    const Element e = element_of(rows, columns);       \
    if (!e.inside) {                                   \
        return;                                        \
    }                                                  \
    const long long i = e.row;                         \
    const int j = e.column

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

constexpr float SQRT_HALF = 0.70710678f;
constexpr float SQRT_TWO_OVER_PI = 0.79788456f;
constexpr float INVERSE_SQRT_TWO_PI = 0.39894228f;
constexpr float CUBIC = 0.044715f;

// In the order of the engine's enumeration.
enum Function { GELU, GELU_TANH, SILU, RELU };

static __device__ float value_of(int function, float x) {
    switch (function) {
        case GELU:
            return 0.5f * x * (1.f + erff(x * SQRT_HALF));
        case GELU_TANH:
            return 0.5f * x * (1.f + tanhf(SQRT_TWO_OVER_PI * (x + CUBIC * x * x * x)));
        case SILU:
            return x / (1.f + expf(-x));
        default:
            return fmaxf(x, 0.f);
    }
}

static __device__ float derivative_of(int function, float x) {
    switch (function) {
        case GELU:
            return 0.5f * (1.f + erff(x * SQRT_HALF)) +
                   x * INVERSE_SQRT_TWO_PI * expf(-0.5f * x * x);
        case GELU_TANH: {
            const float t = tanhf(SQRT_TWO_OVER_PI * (x + CUBIC * x * x * x));
            const float inner = SQRT_TWO_OVER_PI * (1.f + 3.f * CUBIC * x * x);
            return 0.5f * (1.f + t) + 0.5f * x * (1.f - t * t) * inner;
        }
        case SILU: {
            const float sigmoid = 1.f / (1.f + expf(-x));
            return sigmoid * (1.f + x * (1.f - sigmoid));
        }
        default:
            return x > 0.f ? 1.f : 0.f;
    }
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
