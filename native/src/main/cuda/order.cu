// The entries of codes by latent, and within a latent by rising position: count, running sums, stable
// scatter, without atomics. A latent is in a row at most once, so a block that takes some rows one
// after the other never has two threads at one counter.
#include "scan.cuh"

// counters[piece, f] = how many of the piece's rows have latent f; a block a piece. They are 0 before.
extern "C" __global__ void count_latents(int* __restrict__ counters, int latents,
                                         const int* __restrict__ indices,
                                         const int* __restrict__ counts, int capacity, int rows,
                                         int rows_of_piece) {
    int* own = counters + (long long)blockIdx.x * latents;
    const int first = blockIdx.x * rows_of_piece;
    const int end = min(rows, first + rows_of_piece);
    for (int t = first; t < end; ++t) {
        for (int slot = threadIdx.x; slot < counts[t]; slot += blockDim.x) {
            ++own[indices[(long long)t * capacity + slot]];
        }
        __syncthreads();
    }
}

// counters[piece, f] = the entries of f in the pieces before; starts[f + 1] = its entries in all. A
// thread a latent.
extern "C" __global__ void entries_before(int* __restrict__ counters, int* __restrict__ starts,
                                          int pieces, int latents) {
    const int f = blockIdx.x * blockDim.x + threadIdx.x;
    if (f >= latents) {
        return;
    }
    int before = 0;
    for (int piece = 0; piece < pieces; ++piece) {
        int* counter = counters + (long long)piece * latents + f;
        const int own = *counter;
        *counter = before;
        before += own;
    }
    starts[f + 1] = before;
    if (f == 0) {
        starts[0] = 0;
    }
}

// starts[f] = the sum of starts[0] to starts[f]; one block.
extern "C" __global__ void sum_starts(int* starts, int count) {
    __shared__ int sums[WARP];
    running_sums(starts, count, sums);
}

// Writes each entry's position to its place; a block a piece, as in count_latents.
extern "C" __global__ void place_entries(int* __restrict__ positions,
                                         const int* __restrict__ starts,
                                         int* __restrict__ counters, int latents,
                                         const int* __restrict__ indices,
                                         const int* __restrict__ counts, int capacity, int rows,
                                         int rows_of_piece) {
    int* own = counters + (long long)blockIdx.x * latents;
    const int first = blockIdx.x * rows_of_piece;
    const int end = min(rows, first + rows_of_piece);
    for (int t = first; t < end; ++t) {
        for (int slot = threadIdx.x; slot < counts[t]; slot += blockDim.x) {
            const int f = indices[(long long)t * capacity + slot];
            positions[starts[f] + own[f]++] = t * capacity + slot;
        }
        __syncthreads();
    }
}

// The whole, by one thread.
extern "C" __global__ void order_by_latent_naive(int* positions, int* starts, int latents,
                                                 const int* indices, const int* counts,
                                                 int capacity, int rows) {
    int entries = 0;
    for (int f = 0; f < latents; ++f) {
        starts[f] = entries;
        for (int t = 0; t < rows; ++t) {
            for (int slot = 0; slot < counts[t]; ++slot) {
                if (indices[t * capacity + slot] == f) {
                    positions[entries++] = t * capacity + slot;
                }
            }
        }
    }
    starts[latents] = entries;
}

// out[f] = the sum of the coefficients of latent f's entries, or += it: a warp a latent.
extern "C" __global__ void latent_sums(float* out, const int* __restrict__ starts,
                                       const int* __restrict__ positions, int capacity,
                                       const float* __restrict__ coefficients,
                                       long long coefficients_stride, int latents, int add) {
    const int f = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    if (f >= latents) {
        return;
    }
    const int lane = threadIdx.x % WARP;
    float sum = 0.f;
    for (int e = starts[f] + lane; e < starts[f + 1]; e += WARP) {
        const int position = positions[e];
        sum += coefficients[position / capacity * coefficients_stride + position % capacity];
    }
    sum = over_warp<Sum>(sum);
    if (lane == 0) {
        out[f] = add ? out[f] + sum : sum;
    }
}
