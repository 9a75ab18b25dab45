// Gradients of weights from sparse codes, and the steps that follow them.
#include "elements.cuh"
#include "warp.cuh"

constexpr int TILE = 64;

// out[f] = the sum over the entries of latent first_latent + f of coefficient times row, or += it; 0,
// or nothing, outside of begin to end: a block a row of out. Entries are added in their order.
extern "C" __global__ void sparse_gradient(float* __restrict__ out, long long out_stride,
                                           const int* __restrict__ starts,
                                           const int* __restrict__ positions, int capacity,
                                           const float* __restrict__ coefficients,
                                           long long coefficients_stride,
                                           const float* __restrict__ rows, long long rows_stride,
                                           int first_latent, int begin, int end, int columns,
                                           int add) {
    __shared__ int tile_rows[TILE];
    __shared__ float tile_factors[TILE];
    const int f = first_latent + blockIdx.x;
    float* row = out + blockIdx.x * out_stride;
    const bool covered = f >= begin && f < end;
    const int from = covered ? starts[f] : 0;
    const int to = covered ? starts[f + 1] : 0;
    // Every thread goes through the same number of rounds: there are barriers inside.
    for (int start = 0; start < columns; start += blockDim.x) {
        const int j = start + threadIdx.x;
        float sum = add && j < columns ? row[j] : 0.f;
        for (int first = from; first < to; first += TILE) {
            const int entries = min(TILE, to - first);
            __syncthreads();
            for (int e = threadIdx.x; e < entries; e += blockDim.x) {
                const int position = positions[first + e];
                const int token = position / capacity;
                tile_rows[e] = token;
                tile_factors[e] = coefficients[token * coefficients_stride + position % capacity];
            }
            __syncthreads();
            for (int e = 0; j < columns && e < entries; ++e) {
                sum = fmaf(tile_factors[e], rows[tile_rows[e] * rows_stride + j], sum);
            }
        }
        if (j < columns) {
            row[j] = sum;
        }
    }
}

// The same, a thread an element.
extern "C" __global__ void sparse_gradient_naive(float* out, long long out_stride,
                                                 const int* starts, const int* positions,
                                                 int capacity, const float* coefficients,
                                                 long long coefficients_stride, const float* x,
                                                 long long x_stride, int first_latent, int begin,
                                                 int end, int add, int rows, int columns) {
    FOR_ELEMENT;
    const int f = first_latent + e.row;
    float sum = add ? out[i * out_stride + j] : 0.f;
    for (int entry = starts[f]; f >= begin && f < end && entry < starts[f + 1]; ++entry) {
        const int token = positions[entry] / capacity;
        const int slot = positions[entry] % capacity;
        sum += coefficients[token * coefficients_stride + slot] * x[token * x_stride + j];
    }
    out[i * out_stride + j] = sum;
}

struct Adam {
    float rate;        // learning rate, corrected for the first moment
    float beta1;
    float beta2;
    float correction;  // of the second moment's root
    float epsilon;
    float scale;       // of the gradient
};

static __device__ float adam_step(float p, float& m, float& v, float gradient, const Adam& a) {
    const float g = gradient * a.scale;
    m = m * a.beta1 + g * (1.f - a.beta1);
    v = v * a.beta2 + g * g * (1.f - a.beta2);
    return fmaf(m / fmaf(sqrtf(v), a.correction, a.epsilon), -a.rate, p);
}

// One step of Adam, a thread an element.
extern "C" __global__ void adam(float* p, long long p_stride, float* m, long long m_stride,
                                float* v, long long v_stride, const float* gradient,
                                long long gradient_stride, float rate, float beta1, float beta2,
                                float correction, float epsilon, float scale, int rows,
                                int columns) {
    FOR_ELEMENT;
    const Adam a = {rate, beta1, beta2, correction, epsilon, scale};
    float first = m[i * m_stride + j];
    float second = v[i * v_stride + j];
    p[i * p_stride + j] = adam_step(p[i * p_stride + j], first, second,
                                    gradient[i * gradient_stride + j], a);
    m[i * m_stride + j] = first;
    v[i * v_stride + j] = second;
}

static __device__ float dot(const float* a, const float* b, int columns, float* scratch) {
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        sum = fmaf(a[j], b[j], sum);
    }
    return over_block<Sum>(sum, scratch);
}

// Adam for rows of unit norm, a block a row: the gradient's part along the row is taken off before the
// step, and the row is divided by its norm after it.
extern "C" __global__ void adam_unit_norm(float* p, long long p_stride, float* m,
                                          long long m_stride, float* v, long long v_stride,
                                          const float* gradient, long long gradient_stride,
                                          float rate, float beta1, float beta2, float correction,
                                          float epsilon, float scale, int columns) {
    __shared__ float scratch[WARP];
    const Adam a = {rate, beta1, beta2, correction, epsilon, scale};
    float* row = p + blockIdx.x * p_stride;
    float* first_row = m + blockIdx.x * m_stride;
    float* second_row = v + blockIdx.x * v_stride;
    const float* g = gradient + blockIdx.x * gradient_stride;
    const float along = dot(row, g, columns, scratch);
    float squares = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        float first = first_row[j];
        float second = second_row[j];
        const float moved = adam_step(row[j], first, second, fmaf(-along, row[j], g[j]), a);
        row[j] = moved;
        first_row[j] = first;
        second_row[j] = second;
        squares = fmaf(moved, moved, squares);
    }
    const float norm = sqrtf(over_block<Sum>(squares, scratch));
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        row[j] = norm == 0.f ? 0.f : row[j] / norm;
    }
}

// The same, a thread a row.
extern "C" __global__ void adam_unit_norm_naive(float* p, long long p_stride, float* m,
                                                long long m_stride, float* v, long long v_stride,
                                                const float* gradient, long long gradient_stride,
                                                float rate, float beta1, float beta2,
                                                float correction, float epsilon, float scale,
                                                int rows, int columns) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows) {
        return;
    }
    const Adam a = {rate, beta1, beta2, correction, epsilon, scale};
    float* row = p + i * p_stride;
    const float* g = gradient + i * gradient_stride;
    float along = 0.f;
    for (int j = 0; j < columns; ++j) {
        along += row[j] * g[j];
    }
    float squares = 0.f;
    for (int j = 0; j < columns; ++j) {
        row[j] = adam_step(row[j], m[i * m_stride + j], v[i * v_stride + j],
                           g[j] - along * row[j], a);
        squares += row[j] * row[j];
    }
    for (int j = 0; j < columns; ++j) {
        row[j] = squares == 0.f ? 0.f : row[j] / sqrtf(squares);
    }
}

// out[i] = |gradient[i]|^2, with `unit_norm` without its part along row i of p: a block a row.
extern "C" __global__ void gradient_squares(float* __restrict__ out, const float* __restrict__ p,
                                            long long p_stride, const float* __restrict__ gradient,
                                            long long gradient_stride, int columns,
                                            int unit_norm) {
    __shared__ float scratch[WARP];
    const float* row = p + blockIdx.x * p_stride;
    const float* g = gradient + blockIdx.x * gradient_stride;
    const float along = unit_norm ? dot(row, g, columns, scratch) : 0.f;
    float squares = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float d = fmaf(-along, row[j], g[j]);
        squares = fmaf(d, d, squares);
    }
    squares = over_block<Sum>(squares, scratch);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = squares;
    }
}
