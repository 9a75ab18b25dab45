// Row t of the codes = the k largest of relu(x[t] + bias), equal ones by the lowest index: at most k
// latents, those with a positive pre-activation, by rising index; unused slots hold index 0, value 0.
#include "radix.cuh"

constexpr int WARPS_AT_MOST = 32;

static __device__ float pre_activation(const float* row, const float* bias, int i) {
    return bias ? row[i] + bias[i] : row[i];
}

static __device__ void clear_unused(int* indices, float* values, int count, int capacity) {
    for (int slot = count + threadIdx.x; slot < capacity; slot += blockDim.x) {
        indices[slot] = 0;
        values[slot] = 0.f;
    }
}

// A block a row. Radix select: four passes find the k-th largest key digit by digit, a last pass
// writes what is above it, and of the keys equal to it the first ones.
extern "C" __global__ void topk_rows(const float* __restrict__ x, long long x_stride,
                                     const float* __restrict__ bias, int columns, int k,
                                     int* __restrict__ indices, float* __restrict__ values,
                                     int* __restrict__ counts, int capacity) {
    __shared__ unsigned histogram[BINS];
    __shared__ Digit digit;
    __shared__ unsigned greater_of[2][WARPS_AT_MOST];
    __shared__ unsigned equal_of[2][WARPS_AT_MOST];
    __shared__ unsigned positives;

    const int thread = threadIdx.x;
    const int lane = thread % WARP;
    const int warp = thread / WARP;
    const int warps = blockDim.x / WARP;
    const float* row = x + blockIdx.x * x_stride;
    int* row_indices = indices + (long long)blockIdx.x * capacity;
    float* row_values = values + (long long)blockIdx.x * capacity;

    if (thread == 0) {
        positives = 0;
    }
    __syncthreads();
    unsigned own = 0;
    for (int i = thread; i < columns; i += blockDim.x) {
        own += key_of(pre_activation(row, bias, i)) != 0;
    }
    atomicAdd(&positives, own);
    __syncthreads();

    unsigned limit = 0;  // keys above it are taken,
    unsigned equals = 0;  // and so many of those equal to it
    if (positives > k) {
        unsigned known = 0;
        unsigned wanted = k;
        for (int shift = 32 - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
            for (int bin = thread; bin < BINS; bin += blockDim.x) {
                histogram[bin] = 0;
            }
            __syncthreads();
            for (int i = thread; i < columns; i += blockDim.x) {
                const unsigned key = key_of(pre_activation(row, bias, i));
                if (key != 0 && (key & known) == limit) {
                    atomicAdd(&histogram[(key >> shift) % BINS], 1u);
                }
            }
            __syncthreads();
            if (warp == 0) {
                find_digit(histogram, wanted, &digit);
            }
            __syncthreads();
            known |= (BINS - 1u) << shift;
            limit |= digit.value << shift;
            wanted -= digit.above;
        }
        equals = wanted;
    }

    unsigned greater_before = 0;
    unsigned equal_before = 0;
    for (int start = 0, turn = 0; start < columns; start += blockDim.x, turn ^= 1) {
        const int i = start + thread;
        const float value = i < columns ? pre_activation(row, bias, i) : 0.f;
        const unsigned key = key_of(value);
        const bool greater = key > limit;
        const bool equal = key != 0 && key == limit;
        const unsigned greater_lanes = __ballot_sync(ALL_LANES, greater);
        const unsigned equal_lanes = __ballot_sync(ALL_LANES, equal);
        if (lane == 0) {
            greater_of[turn][warp] = __popc(greater_lanes);
            equal_of[turn][warp] = __popc(equal_lanes);
        }
        __syncthreads();  // the two turns alternate, so one barrier a turn is enough
        const unsigned earlier_lanes = (1u << lane) - 1u;
        unsigned greater_here = greater_before + __popc(greater_lanes & earlier_lanes);
        unsigned equal_here = equal_before + __popc(equal_lanes & earlier_lanes);
        for (int w = 0; w < warps; ++w) {
            greater_here += w < warp ? greater_of[turn][w] : 0u;
            equal_here += w < warp ? equal_of[turn][w] : 0u;
            greater_before += greater_of[turn][w];
            equal_before += equal_of[turn][w];
        }
        if (greater || (equal && equal_here < equals)) {
            const unsigned slot = greater_here + min(equal_here, equals);
            row_indices[slot] = i;
            row_values[slot] = value;
        }
    }
    const int count = greater_before + min(equal_before, equals);
    clear_unused(row_indices, row_values, count, capacity);
    if (thread == 0) {
        counts[blockIdx.x] = count;
    }
}

// The same by definition, a thread a row: a latent is taken if fewer than k are better.
extern "C" __global__ void topk_rows_naive(const float* x, long long x_stride, const float* bias,
                                           int rows, int columns, int k, int* indices,
                                           float* values, int* counts, int capacity) {
    const int t = blockIdx.x * blockDim.x + threadIdx.x;
    if (t >= rows) {
        return;
    }
    const float* row = x + t * x_stride;
    int count = 0;
    for (int i = 0; i < columns; ++i) {
        const float value = pre_activation(row, bias, i);
        int better = 0;
        for (int j = 0; j < columns; ++j) {
            const float other = pre_activation(row, bias, j);
            better += other > value || (other == value && j < i);
        }
        if (value > 0.f && better < k) {
            indices[(long long)t * capacity + count] = i;
            values[(long long)t * capacity + count] = value;
            ++count;
        }
    }
    counts[t] = count;
    for (int slot = count; slot < capacity; ++slot) {
        indices[(long long)t * capacity + slot] = 0;
        values[(long long)t * capacity + slot] = 0.f;
    }
}
