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
