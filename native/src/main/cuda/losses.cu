// Losses over the logits of a row, a block a row.
#include "warp.cuh"

struct Exponentials {
    float maximum;
    float sum;  // of exp(x - maximum)
};

static __device__ Exponentials exponentials_of(const float* row, int columns, float* scratch) {
    float maximum = Maximum::identity();
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        maximum = fmaxf(maximum, row[j]);
    }
    maximum = over_block<Maximum>(maximum, scratch);
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        sum += expf(row[j] - maximum);
    }
    return {maximum, over_block<Sum>(sum, scratch)};
}

// losses[t] = log(sum of exp(logits)) - the target's logit; 0 where the target is -1.
extern "C" __global__ void cross_entropy(float* __restrict__ losses,
                                         const float* __restrict__ logits,
                                         long long logits_stride, const int* __restrict__ targets,
                                         int columns) {
    __shared__ float scratch[WARP];
    const float* row = logits + blockIdx.x * logits_stride;
    const int target = targets[blockIdx.x];
    const Exponentials all = exponentials_of(row, columns, scratch);
    if (threadIdx.x == 0) {
        losses[blockIdx.x] =
            target == -1 ? 0.f : logf(all.sum) + (all.maximum - row[target]);
    }
}

// d_logits[t] = (softmax - the target's unit vector) weights[t]; 0 where the target is -1. d_logits
// may be logits.
extern "C" __global__ void cross_entropy_backward(float* d_logits, long long d_logits_stride,
                                                  const float* logits, long long logits_stride,
                                                  const int* __restrict__ targets,
                                                  const float* __restrict__ weights,
                                                  int columns) {
    __shared__ float scratch[WARP];
    const float* row = logits + blockIdx.x * logits_stride;
    const int target = targets[blockIdx.x];
    const float weight = target == -1 ? 0.f : weights[blockIdx.x];
    const Exponentials all = exponentials_of(row, columns, scratch);
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float share = expf(row[j] - all.maximum) / all.sum;
        d_logits[blockIdx.x * d_logits_stride + j] = (share - (j == target ? 1.f : 0.f)) * weight;
    }
}

// out[t] = sum of p (log p - log q), p and q the softmax of the two logits.
extern "C" __global__ void kl_divergence(float* __restrict__ out, const float* __restrict__ p,
                                         long long p_stride, const float* __restrict__ q,
                                         long long q_stride, int columns) {
    __shared__ float scratch[WARP];
    const float* p_row = p + blockIdx.x * p_stride;
    const float* q_row = q + blockIdx.x * q_stride;
    const Exponentials of_p = exponentials_of(p_row, columns, scratch);
    const Exponentials of_q = exponentials_of(q_row, columns, scratch);
    const float ratio = logf(of_q.sum / of_p.sum);
    float sum = 0.f;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        const float p_log = p_row[j] - of_p.maximum;
        const float difference = p_log - (q_row[j] - of_q.maximum) + ratio;
        sum = fmaf(expf(p_log) / of_p.sum, difference, sum);
    }
    sum = over_block<Sum>(sum, scratch);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = sum;
    }
}
