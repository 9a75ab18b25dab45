// Which latents are active, but for the k largest of a row (topk.cu).
#include "codes.cuh"
#include "radix.cuh"
#include "scan.cuh"

// Row t of the codes = the latents whose product + bias is above their threshold: a warp a row.
extern "C" __global__ void above_thresholds(const float* __restrict__ products,
                                            long long products_stride,
                                            const float* __restrict__ bias,
                                            const float* __restrict__ thresholds, int columns,
                                            int* __restrict__ indices, float* __restrict__ values,
                                            int* __restrict__ counts, int capacity) {
    const long long t = blockIdx.x;
    const int lane = threadIdx.x;
    int written = 0;
    for (int start = 0; start < columns; start += WARP) {
        const int f = start + lane;
        const float z = f < columns ? products[t * products_stride + f] + bias[f] : 0.f;
        const bool active = f < columns && z > thresholds[f];
        const unsigned lanes = __ballot_sync(ALL_LANES, active);
        if (active) {
            const long long to = t * capacity + written + __popc(lanes & ((1u << lane) - 1u));
            indices[to] = f;
            values[to] = z;
        }
        written += __popc(lanes);
    }
    end_row(indices + t * capacity, values + t * capacity, written, capacity, counts + t);
}

// Of each of k groups of latents the largest positive product + bias, of equal ones the lowest: a block
// a row, a warp a group; then the first warp closes the gaps.
extern "C" __global__ void group_maxima(const float* __restrict__ products,
                                        long long products_stride, const float* __restrict__ bias,
                                        int group, int k, int* indices, float* values, int* counts,
                                        int capacity) {
    const long long t = blockIdx.x;
    const int lane = threadIdx.x % WARP;
    int* row_indices = indices + t * capacity;
    float* row_values = values + t * capacity;
    for (int g = threadIdx.x / WARP; g < k; g += blockDim.x / WARP) {
        float largest = 0.f;
        int latent = 0;
        for (int f = g * group + lane; f < (g + 1) * group; f += WARP) {
            const float z = products[t * products_stride + f] + bias[f];
            if (z > largest) {
                largest = z;
                latent = f;
            }
        }
        for (int distance = WARP / 2; distance > 0; distance /= 2) {
            const float other = __shfl_xor_sync(ALL_LANES, largest, distance);
            const int other_latent = __shfl_xor_sync(ALL_LANES, latent, distance);
            if (other > largest || (other == largest && other_latent < latent)) {
                largest = other;
                latent = other_latent;
            }
        }
        if (lane == 0) {
            row_indices[g] = latent;
            row_values[g] = largest;
        }
    }
    __syncthreads();
    if (threadIdx.x < WARP) {
        const int written =
            append_chosen(row_indices, row_values, k, row_indices, row_values, 0,
                          [](int, int&, float& value) { return value > 0.f; });
        end_row(row_indices, row_values, written, capacity, counts + t);
    }
}

// The search for the `wanted`-th largest activation of all rows, 8 bits at a time.
struct Search {
    unsigned known;   // bits that are found
    unsigned limit;   // their value, and at the end the activation's
    unsigned wanted;  // how many of those with the known bits are taken
};

// The bins that the activations with the known bits fall into; `histogram` is zero before.
extern "C" __global__ void batch_histogram(unsigned* histogram, const Search* search, int shift,
                                           const float* __restrict__ values,
                                           const int* __restrict__ counts, int capacity,
                                           int rows) {
    __shared__ unsigned own[BINS];
    for (int bin = threadIdx.x; bin < BINS; bin += blockDim.x) {
        own[bin] = 0;
    }
    __syncthreads();
    const unsigned known = search->known;
    const unsigned limit = search->limit;
    for (long long t = blockIdx.x; t < rows; t += gridDim.x) {
        for (int slot = threadIdx.x; slot < counts[t]; slot += blockDim.x) {
            const unsigned key = key_of(values[t * capacity + slot]);
            if ((key & known) == limit) {
                atomicAdd(&own[(key >> shift) % BINS], 1u);
            }
        }
    }
    __syncthreads();
    for (int bin = threadIdx.x; bin < BINS; bin += blockDim.x) {
        if (own[bin] > 0) {
            atomicAdd(&histogram[bin], own[bin]);
        }
    }
}

// One warp: adds the next digit to what is known and empties the histogram. More than there are is
// cut to those; of none the limit is infinite.
extern "C" __global__ void batch_digit(unsigned* histogram, Search* search, int shift) {
    __shared__ Digit digit;
    __shared__ unsigned bins[BINS];
    unsigned own = 0;
    for (int bin = threadIdx.x; bin < BINS; bin += WARP) {
        bins[bin] = histogram[bin];
        own += bins[bin];
        histogram[bin] = 0;
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        own += __shfl_xor_sync(ALL_LANES, own, distance);
    }
    const unsigned wanted = min(search->wanted, own);
    __syncwarp();
    if (wanted > 0) {
        find_digit(bins, wanted, &digit);
    }
    __syncwarp();
    if (threadIdx.x == 0) {
        if (wanted > 0) {
            search->known |= (BINS - 1u) << shift;
            search->limit |= digit.value << shift;
            search->wanted = wanted - digit.above;
        } else {
            search->limit = 0x7f800000u;
            search->wanted = 0;
        }
    }
}

// ties[t + 1] = how many activations of row t are equal to the limit; ties[0] = 0. A warp a row.
extern "C" __global__ void batch_ties(int* __restrict__ ties, const Search* __restrict__ search,
                                      const float* __restrict__ values,
                                      const int* __restrict__ counts, int capacity) {
    const long long t = blockIdx.x;
    int own = 0;
    for (int slot = threadIdx.x; slot < counts[t]; slot += WARP) {
        own += key_of(values[t * capacity + slot]) == search->limit;
    }
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        own += __shfl_xor_sync(ALL_LANES, own, distance);
    }
    if (threadIdx.x == 0) {
        ties[t + 1] = own;
        if (t == 0) {
            ties[0] = 0;
        }
    }
}

// ties[t] = those of the rows before; one block.
extern "C" __global__ void sum_ties(int* ties, int count) {
    __shared__ int sums[WARP];
    running_sums(ties, count, sums);
}

// Keeps the activations above the limit, and of those equal to it the first ones. A warp a row.
extern "C" __global__ void batch_keep(int* indices, float* values, int* counts, int capacity,
                                      const int* __restrict__ ties,
                                      const Search* __restrict__ search) {
    const long long t = blockIdx.x;
    const int lane = threadIdx.x;
    const unsigned limit = search->limit;
    int* row_indices = indices + t * capacity;
    float* row_values = values + t * capacity;
    const int count = counts[t];
    int equal_before = ties[t];
    int written = 0;
    for (int start = 0; start < count; start += WARP) {
        const int slot = start + lane;
        const int latent = slot < count ? row_indices[slot] : 0;
        const float value = slot < count ? row_values[slot] : 0.f;
        const unsigned key = slot < count ? key_of(value) : 0u;
        const bool equal = slot < count && key == limit;
        const unsigned equal_lanes = __ballot_sync(ALL_LANES, equal);
        const unsigned earlier = (1u << lane) - 1u;
        const int rank = equal_before + __popc(equal_lanes & earlier);
        const bool kept = key > limit || (equal && rank < search->wanted);
        const unsigned lanes = __ballot_sync(ALL_LANES, kept);
        if (kept) {
            const int to = written + __popc(lanes & earlier);
            row_indices[to] = latent;
            row_values[to] = value;
        }
        equal_before += __popc(equal_lanes);
        written += __popc(lanes);
    }
    end_row(row_indices, row_values, written, capacity, counts + t);
}
