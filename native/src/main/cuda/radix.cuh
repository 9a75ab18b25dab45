// Radix select: the k-th largest of positive floats, found 8 bits at a time.
#pragma once
#include "warp.cuh"

constexpr int BINS = 256;
constexpr int DIGIT_BITS = 8;

// Positive floats are ordered as their bits are. What is never taken (zero, negative, NaN) is 0.
static __device__ unsigned key_of(float value) { return value > 0.f ? __float_as_uint(value) : 0u; }

struct Digit {
    unsigned value;
    unsigned above;  // keys of this prefix with a larger digit
};

// One warp finds the digit at which the keys, counted from the largest, reach `wanted`: lane l owns
// the bins 255 - 8 l down to 248 - 8 l.
static __device__ void find_digit(const unsigned* histogram, unsigned wanted, Digit* found) {
    const int lane = threadIdx.x;
    const int first = BINS - 1 - DIGIT_BITS * lane;
    unsigned own = 0;
    for (int b = 0; b < DIGIT_BITS; ++b) {
        own += histogram[first - b];
    }
    unsigned inclusive = own;
    for (int distance = 1; distance < WARP; distance *= 2) {
        const unsigned before = __shfl_up_sync(ALL_LANES, inclusive, distance);
        inclusive += lane >= distance ? before : 0u;
    }
    const unsigned reached = __ballot_sync(ALL_LANES, inclusive >= wanted);
    if (lane == __ffs(reached) - 1) {
        unsigned above = inclusive - own;
        int bin = first;
        while (above + histogram[bin] < wanted) {
            above += histogram[bin--];
        }
        found->value = bin;
        found->above = above;
    }
}
