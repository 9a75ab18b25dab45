// bfloat16 is the upper half of a float, rounded to nearest, ties to even.

static __device__ unsigned short to_bf16(float value) {
    unsigned short bits;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}

static __device__ float from_bf16(unsigned short bits) {
    return __uint_as_float((unsigned)bits << 16);
}

// Both arrays begin at multiples of 16 and 8 bytes, as allocations do; the last one to three elements
// are converted one by one.
extern "C" __global__ void float_to_bf16(unsigned short* __restrict__ out,
                                         const float* __restrict__ x, long long count) {
    const long long first = 4 * (blockIdx.x * (long long)blockDim.x + threadIdx.x);
    if (first + 4 <= count) {
        const float4 four = *reinterpret_cast<const float4*>(x + first);
        *reinterpret_cast<ushort4*>(out + first) =
            make_ushort4(to_bf16(four.x), to_bf16(four.y), to_bf16(four.z), to_bf16(four.w));
    } else {
        for (long long i = first; i < count; ++i) {
            out[i] = to_bf16(x[i]);
        }
    }
}

extern "C" __global__ void bf16_to_float(float* __restrict__ out,
                                         const unsigned short* __restrict__ x, long long count) {
    const long long first = 4 * (blockIdx.x * (long long)blockDim.x + threadIdx.x);
    if (first + 4 <= count) {
        const ushort4 four = *reinterpret_cast<const ushort4*>(x + first);
        *reinterpret_cast<float4*>(out + first) =
            make_float4(from_bf16(four.x), from_bf16(four.y), from_bf16(four.z), from_bf16(four.w));
    } else {
        for (long long i = first; i < count; ++i) {
            out[i] = from_bf16(x[i]);
        }
    }
}

// The same, a thread an element, in integers.
extern "C" __global__ void float_to_bf16_naive(unsigned short* out, const float* x,
                                               long long count) {
    const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i >= count) {
        return;
    }
    const unsigned bits = __float_as_uint(x[i]);
    const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    out[i] = is_nan ? 0x7fffu : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
}

extern "C" __global__ void bf16_to_float_naive(float* out, const unsigned short* x,
                                               long long count) {
    const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    if (i < count) {
        out[i] = from_bf16(x[i]);
    }
}
