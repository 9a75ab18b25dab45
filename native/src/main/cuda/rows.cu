// Sums over rows and over columns.
#include "warp.cuh"

constexpr int COLUMNS = 32;  // of a block that adds up columns
constexpr int PARTS = 8;     // threads that share a column

// out = sum of the rows of x, or += it: a block 32 columns, 8 threads a column. A thread's terms, and
// then the threads' sums, are added in order.
extern "C" __global__ void sum_rows(float* out, const float* __restrict__ x, long long x_stride,
                                    int rows, int columns, int add) {
    __shared__ float sums[PARTS][COLUMNS];
    const int lane = threadIdx.x % COLUMNS;
    const int part = threadIdx.x / COLUMNS;
    const int j = blockIdx.x * COLUMNS + lane;
    float sum = 0.f;
    for (long long i = part; j < columns && i < rows; i += PARTS) {
        sum += x[i * x_stride + j];
    }
    sums[part][lane] = sum;
    __syncthreads();
    if (part == 0 && j < columns) {
        for (int p = 1; p < PARTS; ++p) {
            sum += sums[p][lane];
        }
        out[j] = add ? out[j] + sum : sum;
    }
}

// The same, a thread a column.
extern "C" __global__ void sum_rows_naive(float* out, const float* x, long long x_stride, int rows,
                                          int columns, int add) {
    const int j = blockIdx.x * blockDim.x + threadIdx.x;
    if (j >= columns) {
        return;
    }
    float sum = add ? out[j] : 0.f;
    for (long long i = 0; i < rows; ++i) {
        sum += x[i * x_stride + j];
    }
    out[j] = sum;
}

static __device__ float dot(const float* a, const float* b, int columns, float* scratch) {
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        sum = fmaf(a[j], b[j], sum);
    }
    return over_block<Sum>(sum, scratch);
}

// out[i] = a[i] . b[i], a block a row.
extern "C" __global__ void row_dots(float* __restrict__ out, const float* __restrict__ a,
                                    long long a_stride, const float* __restrict__ b,
                                    long long b_stride, int columns) {
    __shared__ float scratch[WARP];
    const float sum =
        dot(a + blockIdx.x * a_stride, b + blockIdx.x * b_stride, columns, scratch);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = sum;
    }
}

// out[i] = 1 / |x[i]|^2, 0 for a row of zeros.
extern "C" __global__ void inverse_squares(float* __restrict__ out, const float* __restrict__ x,
                                           long long x_stride, int columns) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    const float square = dot(row, row, columns, scratch);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = square == 0.f ? 0.f : 1.f / square;
    }
}

// out[i] = x[i] / |x[i]|; rows of norm zero stay zero; out may be x.
extern "C" __global__ void normalize_rows(float* out, long long out_stride, const float* x,
                                          long long x_stride, int columns) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    const float norm = sqrtf(dot(row, row, columns, scratch));
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        out[blockIdx.x * out_stride + j] = norm == 0.f ? 0.f : row[j] / norm;
    }
}

// table[ids[t]] += x[t], terms by rising t: a block a row of x; that of an id's first row adds them
// all.
extern "C" __global__ void scatter_add_rows(float* table, long long table_stride,
                                            const float* __restrict__ x, long long x_stride,
                                            const int* __restrict__ ids, int rows, int columns) {
    __shared__ int earlier;
    const int first = blockIdx.x;
    const int id = ids[first];
    if (threadIdx.x == 0) {
        earlier = 0;
    }
    __syncthreads();
    for (int t = threadIdx.x; t < first; t += blockDim.x) {
        if (ids[t] == id) {
            atomicAdd(&earlier, 1);
        }
    }
    __syncthreads();
    if (earlier > 0) {
        return;
    }
    float* row = table + id * table_stride;
    for (int t = first; t < rows; ++t) {
        if (ids[t] == id) {
            for (int j = threadIdx.x; j < columns; j += blockDim.x) {
                row[j] += x[t * x_stride + j];
            }
        }
    }
}

// Rows brought to one scale: moments[i] = (shift, scale), out[i] = (x[i] - shift) / divisor. With
// `centered` the mean is taken off and scale is the standard deviation, else scale is |x| / sqrt(d).
extern "C" __global__ void normalize_moments(float* out, long long out_stride, float* moments,
                                             long long moments_stride, const float* x,
                                             long long x_stride, int columns, int centered) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    float shift = 0.f;
    if (centered) {
        float sum = 0.f;
        for (int j = threadIdx.x; j < columns; j += blockDim.x) {
            sum += row[j];
        }
        shift = over_block<Sum>(sum, scratch) / columns;
    }
    float squares = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float d = row[j] - shift;
        squares = fmaf(d, d, squares);
    }
    squares = over_block<Sum>(squares, scratch);
    const float scale = sqrtf(squares / (centered ? max(1, columns - 1) : columns));
    const float divisor = centered ? scale + 1e-5f : (scale > 0.f ? scale : 1.f);
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        out[blockIdx.x * out_stride + j] = (row[j] - shift) / divisor;
    }
    if (threadIdx.x == 0) {
        moments[blockIdx.x * moments_stride] = shift;
        moments[blockIdx.x * moments_stride + 1] = scale;
    }
}

// x[i] = scale[i] x[i] + shift[i]
extern "C" __global__ void restore_moments(float* x, long long x_stride, const float* moments,
                                           long long moments_stride, int columns) {
    const float shift = moments[blockIdx.x * moments_stride];
    const float scale = moments[blockIdx.x * moments_stride + 1];
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        x[blockIdx.x * x_stride + j] = fmaf(scale, x[blockIdx.x * x_stride + j], shift);
    }
}
