// Softmax of rows and its gradient, a block a row. Elements that are -infinity give 0.
#include "warp.cuh"

// out[i] = exp(x[i] - maximum) / sum of the same; out may be x.
extern "C" __global__ void softmax(float* out, long long out_stride, const float* x,
                                   long long x_stride, int columns) {
    __shared__ float scratch[WARP];
    const float* row = x + blockIdx.x * x_stride;
    float* to = out + blockIdx.x * out_stride;
    float maximum = Maximum::identity();
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        maximum = fmaxf(maximum, row[j]);
    }
    maximum = over_block<Maximum>(maximum, scratch);
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float e = expf(row[j] - maximum);
        to[j] = e;
        sum += e;
    }
    sum = over_block<Sum>(sum, scratch);
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        to[j] /= sum;
    }
}

// dx = y (dy - sum over the row of dy y); dx may be dy or y.
extern "C" __global__ void softmax_backward(float* dx, long long dx_stride, const float* dy,
                                            long long dy_stride, const float* y,
                                            long long y_stride, int columns) {
    __shared__ float scratch[WARP];
    const float* gradient = dy + blockIdx.x * dy_stride;
    const float* output = y + blockIdx.x * y_stride;
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        sum = fmaf(gradient[j], output[j], sum);
    }
    sum = over_block<Sum>(sum, scratch);
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        dx[blockIdx.x * dx_stride + j] = output[j] * (gradient[j] - sum);
    }
}

// The same two, a thread a row.
extern "C" __global__ void softmax_naive(float* out, long long out_stride, const float* x,
                                         long long x_stride, int rows, int columns) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows) {
        return;
    }
    const float* row = x + i * x_stride;
    float maximum = row[0];
    for (int j = 1; j < columns; ++j) {
        maximum = fmaxf(maximum, row[j]);
    }
    float sum = 0.f;
    for (int j = 0; j < columns; ++j) {
        sum += expf(row[j] - maximum);
    }
    for (int j = 0; j < columns; ++j) {
        out[i * out_stride + j] = expf(row[j] - maximum) / sum;
    }
}

extern "C" __global__ void softmax_backward_naive(float* dx, long long dx_stride, const float* dy,
                                                  long long dy_stride, const float* y,
                                                  long long y_stride, int rows, int columns) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows) {
        return;
    }
    float sum = 0.f;
    for (int j = 0; j < columns; ++j) {
        sum += dy[i * dy_stride + j] * y[i * y_stride + j];
    }
    for (int j = 0; j < columns; ++j) {
        dx[i * dx_stride + j] = y[i * y_stride + j] * (dy[i * dy_stride + j] - sum);
    }
}
