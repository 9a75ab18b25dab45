// Layer norm and RMS norm, a block a row. `centered` is 1 for layer norm, which takes the mean off.
#include "warp.cuh"

static __device__ float mean_of(const float* row, int columns, bool centered, float* scratch) {
    if (!centered) {
        return 0.f;
    }
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        sum += row[j];
    }
    return over_block<Sum>(sum, scratch) / columns;
}

// scale[i] = sqrt(mean of (x[i] - m)^2 + epsilon): in two passes, since one pass cancels.
extern "C" __global__ void norm_scale(float* __restrict__ scale, const float* __restrict__ x,
                                      long long x_stride, int columns, float epsilon,
                                      int centered) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    const float mean = mean_of(row, columns, centered, scratch);
    float squares = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float d = row[j] - mean;
        squares = fmaf(d, d, squares);
    }
    squares = over_block<Sum>(squares, scratch);
    if (threadIdx.x == 0) {
        scale[blockIdx.x] = sqrtf(squares / columns + epsilon);
    }
}

// out[i] = (x[i] - m) / scale[i] gain + bias; out may be x. The quotient is rounded before the gain.
extern "C" __global__ void norm(float* out, long long out_stride, const float* x,
                                long long x_stride, const float* __restrict__ scale,
                                const float* __restrict__ gain, const float* __restrict__ bias,
                                int columns, int centered) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    const float mean = mean_of(row, columns, centered, scratch);
    const float divisor = scale[blockIdx.x];
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float quotient = (row[j] - mean) / divisor;
        out[blockIdx.x * out_stride + j] = quotient * gain[j] + bias[j];
    }
}

// With d = dy gain: dx[i] = (d - mean of d) / scale, without the mean for RMS norm, and
// d_scale[i] = -d . (x[i] - m) / scale^2. dx may be dy.
extern "C" __global__ void norm_backward(float* dx, long long dx_stride,
                                         float* __restrict__ d_scale, const float* dy,
                                         long long dy_stride, const float* __restrict__ x,
                                         long long x_stride, const float* __restrict__ scale,
                                         const float* __restrict__ gain, int columns,
                                         int centered) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    const float* gradient = dy + blockIdx.x * dy_stride;
    const float mean = mean_of(row, columns, centered, scratch);
    const float divisor = scale[blockIdx.x];
    float along = 0.f;
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float d = gradient[j] * gain[j];
        along = fmaf(d, row[j] - mean, along);
        sum += d;
    }
    along = over_block<Sum>(along, scratch);
    const float mean_gradient = centered ? over_block<Sum>(sum, scratch) / columns : 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        dx[blockIdx.x * dx_stride + j] = (gradient[j] * gain[j] - mean_gradient) / divisor;
    }
    if (threadIdx.x == 0) {
        d_scale[blockIdx.x] = -along / (divisor * divisor);
    }
}

// dx[i] += d_scale[i] (x[i] - m) / (columns scale[i])
extern "C" __global__ void norm_scale_backward(float* dx, long long dx_stride,
                                               const float* __restrict__ d_scale,
                                               const float* __restrict__ x, long long x_stride,
                                               const float* __restrict__ scale, int columns,
                                               int centered) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    const float mean = mean_of(row, columns, centered, scratch);
    const float factor = d_scale[blockIdx.x] / (columns * scale[blockIdx.x]);
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        float* to = dx + blockIdx.x * dx_stride + j;
        *to = fmaf(factor, row[j] - mean, *to);
    }
}

// means[i] = m of row i.
extern "C" __global__ void norm_means(float* __restrict__ means, const float* __restrict__ x,
                                      long long x_stride, int columns, int centered) {
    __shared__ float scratch[WARP];
    const float mean = mean_of(x + blockIdx.x * x_stride, columns, centered, scratch);
    if (threadIdx.x == 0) {
        means[blockIdx.x] = mean;
    }
}

constexpr int COLUMNS = 32;  // of a block that adds up columns
constexpr int PARTS = 8;     // threads that share a column

// d_gain = sum over i of dy[i] (x[i] - means[i]) / scale[i], or += it: a block 32 columns, 8 threads a
// column, sums in a fixed order.
extern "C" __global__ void norm_gain_gradient(float* d_gain, const float* __restrict__ dy,
                                              long long dy_stride, const float* __restrict__ x,
                                              long long x_stride, const float* __restrict__ means,
                                              const float* __restrict__ scale, int rows,
                                              int columns, int add) {
    __shared__ float sums[PARTS][COLUMNS];
    const int lane = threadIdx.x % COLUMNS;
    const int part = threadIdx.x / COLUMNS;
    const int j = blockIdx.x * COLUMNS + lane;
    float sum = 0.f;
    for (long long i = part; j < columns && i < rows; i += PARTS) {
        const float normed = (x[i * x_stride + j] - means[i]) / scale[i];
        sum = fmaf(dy[i * dy_stride + j], normed, sum);
    }
    sums[part][lane] = sum;
    __syncthreads();
    if (part == 0 && j < columns) {
        for (int p = 1; p < PARTS; ++p) {
            sum += sums[p][lane];
        }
        d_gain[j] = add ? d_gain[j] + sum : sum;
    }
}

// The same two, a thread a row.
static __device__ float naive_mean(const float* row, int columns, bool centered) {
    float sum = 0.f;
    for (int j = 0; centered && j < columns; ++j) {
        sum += row[j];
    }
    return sum / columns;
}

extern "C" __global__ void norm_scale_naive(float* scale, const float* x, long long x_stride,
                                            int rows, int columns, float epsilon, int centered) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows) {
        return;
    }
    const float* row = x + i * x_stride;
    const float mean = naive_mean(row, columns, centered);
    float squares = 0.f;
    for (int j = 0; j < columns; ++j) {
        squares += (row[j] - mean) * (row[j] - mean);
    }
    scale[i] = sqrtf(squares / columns + epsilon);
}

extern "C" __global__ void norm_naive(float* out, long long out_stride, const float* x,
                                      long long x_stride, const float* scale, const float* gain,
                                      const float* bias, int rows, int columns, int centered) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows) {
        return;
    }
    const float* row = x + i * x_stride;
    const float mean = naive_mean(row, columns, centered);
    for (int j = 0; j < columns; ++j) {
        out[i * out_stride + j] = (row[j] - mean) / scale[i] * gain[j] + bias[j];
    }
}
