// Rows of codes that are written anew, by one warp.
#pragma once
#include "warp.cuh"

// Appends the slots for which `choose(slot, latent, value)` is true, in order, with the latent and the
// value as it leaves them; returns how many there are then. They may be written over those read.
template <class Choose>
static __device__ int append_chosen(const int* indices, const float* values, int count,
                                    int* to_indices, float* to_values, int written,
                                    Choose choose) {
    const int lane = threadIdx.x % WARP;
    for (int start = 0; start < count; start += WARP) {
        const int slot = start + lane;
        int latent = slot < count ? indices[slot] : 0;
        float value = slot < count ? values[slot] : 0.f;
        const bool chosen = slot < count && choose(slot, latent, value);
        const unsigned lanes = __ballot_sync(ALL_LANES, chosen);
        if (chosen) {
            const int to = written + __popc(lanes & ((1u << lane) - 1u));
            to_indices[to] = latent;
            to_values[to] = value;
        }
        written += __popc(lanes);
    }
    return written;
}

// Empties the other slots of the row and sets its count.
static __device__ void end_row(int* indices, float* values, int written, int capacity,
                               int* count) {
    __syncwarp();
    for (int slot = written + threadIdx.x % WARP; slot < capacity; slot += WARP) {
        indices[slot] = 0;
        values[slot] = 0.f;
    }
    if (threadIdx.x % WARP == 0) {
        *count = written;
    }
}
