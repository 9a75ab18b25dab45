// Running sums of integers by one block, whatever their number.
#pragma once
#include "warp.cuh"

// numbers[i] = the sum of numbers[0] to numbers[i]. `sums` holds 32 integers of shared memory.
static __device__ void running_sums(int* numbers, int count, int* sums) {
    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    const int warps = blockDim.x / WARP;
    int before = 0;
    for (int start = 0; start < count; start += blockDim.x) {
        const int i = start + threadIdx.x;
        int sum = i < count ? numbers[i] : 0;
        for (int distance = 1; distance < WARP; distance *= 2) {
            const int other = __shfl_up_sync(ALL_LANES, sum, distance);
            sum += lane >= distance ? other : 0;
        }
        __syncthreads();  // the sums of the last turn have been read
        if (lane == WARP - 1) {
            sums[warp] = sum;
        }
        __syncthreads();
        int here = before;
        for (int w = 0; w < warps; ++w) {
            here += w < warp ? sums[w] : 0;
            before += sums[w];
        }
        if (i < count) {
            numbers[i] = here + sum;
        }
    }
}
