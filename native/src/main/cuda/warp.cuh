// Reductions over a block. Blocks are whole warps, at most 32 of them; every thread takes part.
#pragma once

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

struct Sum {
    static __device__ float identity() { return 0.f; }
    static __device__ float of(float a, float b) { return a + b; }
};

struct Maximum {
    static __device__ float identity() { return -__int_as_float(0x7f800000); }
    static __device__ float of(float a, float b) { return fmaxf(a, b); }
};

// The same value in every lane; the order of the terms is fixed.
template <class Operation>
static __device__ float over_warp(float value) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value = Operation::of(value, __shfl_xor_sync(ALL_LANES, value, distance));
    }
    return value;
}

// The same value in every thread. `scratch` holds 32 floats of shared memory that nobody else uses.
template <class Operation>
static __device__ float over_block(float value, float* scratch) {
    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    value = over_warp<Operation>(value);
    __syncthreads();  // the scratch of an earlier reduction has been read
    if (lane == 0) {
        scratch[warp] = value;
    }
    __syncthreads();
    value = lane < blockDim.x / WARP ? scratch[lane] : Operation::identity();
    return over_warp<Operation>(value);
}
