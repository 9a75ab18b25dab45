// Scores of a shortlist, and what of it is active.
#include "elements.cuh"
#include "warp.cuh"

// Latents of a panel of levels.
constexpr int LEVEL_PANEL = 64;

// scores[t, j] = scales[j] q + bias[j], q one chain of fused multiply-adds over the levels of latent j; a
// thread a score. A row of levels is a panel of latents, its number 16 c + w the four levels of input c that
// latents 4 w to 4 w + 3 of the panel have. Bits are the same for every implementation.
extern "C" __global__ void quantized_scores(float* out, long long out_stride, const float* y,
                                            long long y_stride, int inputs, const int* levels,
                                            long long levels_stride, const float* scales,
                                            const float* bias, int rows, int columns) {
    FOR_ELEMENT;
    const int place = j % LEVEL_PANEL;
    const int* panel = levels + j / LEVEL_PANEL * levels_stride + place / 4;
    float sum = 0.f;
    for (int c = 0; c < inputs; ++c) {
        const int four = panel[c * (LEVEL_PANEL / 4)];
        const int level = static_cast<signed char>(four >> (8 * (place % 4)));
        sum = fmaf(static_cast<float>(level), y[i * y_stride + c], sum);
    }
    out[i * out_stride + j] = __fadd_rn(__fmul_rn(scales[j], sum), bias[j]);
}

// out[t, slot] = x[t] . weights[latent] + bias[latent] of the listed latents, 0 in unused slots: a block
// a row, a warp a slot.
extern "C" __global__ void listed_scores(float* __restrict__ out, long long out_stride,
                                         const float* __restrict__ x, long long x_stride,
                                         const int* __restrict__ indices,
                                         const int* __restrict__ counts, int capacity,
                                         const float* __restrict__ weights,
                                         long long weights_stride,
                                         const float* __restrict__ bias, int columns) {
    const long long t = blockIdx.x;
    const int lane = threadIdx.x % WARP;
    for (int slot = threadIdx.x / WARP; slot < capacity; slot += blockDim.x / WARP) {
        float score = 0.f;
        if (slot < counts[t]) {
            const int latent = indices[t * capacity + slot];
            for (int j = lane; j < columns; j += WARP) {
                score = fmaf(x[t * x_stride + j], weights[latent * weights_stride + j], score);
            }
            score = over_warp<Sum>(score) + bias[latent];
        }
        if (lane == 0) {
            out[t * out_stride + slot] = score;
        }
    }
}
