// Sums over the active latents of a token.
#include "warp.cuh"

constexpr int TILE = 128;

static __device__ bool aligned16(const void* pointer) {
    return reinterpret_cast<unsigned long long>(pointer) % sizeof(float4) == 0;
}

// out[t] = sum over the codes (i, value) of row t of value decoder[i], plus bias: a block a row. Four
// columns a thread where all rows begin at multiples of 16 bytes, else one.
extern "C" __global__ void decode(float* __restrict__ out, long long out_stride,
                                  const int* __restrict__ indices, const float* __restrict__ values,
                                  const int* __restrict__ counts, int capacity,
                                  const float* __restrict__ decoder, long long decoder_stride,
                                  const float* __restrict__ bias, int columns) {
    __shared__ int tile_indices[TILE];
    __shared__ float tile_values[TILE];

    const long long t = blockIdx.x;
    float* row = out + t * out_stride;
    const int count = counts[t];
    const bool by_four = columns % 4 == 0 && decoder_stride % 4 == 0 && out_stride % 4 == 0 &&
                         aligned16(decoder) && aligned16(out) && aligned16(bias);
    const int width = by_four ? 4 : 1;

    // Every thread goes through the same number of rounds: there are barriers inside.
    for (int start = 0; start < columns; start += blockDim.x * width) {
        const int j = start + threadIdx.x * width;
        const bool inside = j < columns;
        float4 sum = make_float4(0.f, 0.f, 0.f, 0.f);
        for (int first = 0; first < count; first += TILE) {
            const int slots = min(TILE, count - first);
            __syncthreads();
            for (int s = threadIdx.x; s < slots; s += blockDim.x) {
                tile_indices[s] = indices[t * capacity + first + s];
                tile_values[s] = values[t * capacity + first + s];
            }
            __syncthreads();
            for (int s = 0; inside && s < slots; ++s) {
                const float* atom = decoder + tile_indices[s] * decoder_stride + j;
                const float value = tile_values[s];
                if (by_four) {
                    const float4 a = *reinterpret_cast<const float4*>(atom);
                    sum.x = fmaf(value, a.x, sum.x);
                    sum.y = fmaf(value, a.y, sum.y);
                    sum.z = fmaf(value, a.z, sum.z);
                    sum.w = fmaf(value, a.w, sum.w);
                } else {
                    sum.x = fmaf(value, *atom, sum.x);
                }
            }
        }
        if (inside && by_four) {
            const float4 b = *reinterpret_cast<const float4*>(bias + j);
            *reinterpret_cast<float4*>(row + j) =
                make_float4(sum.x + b.x, sum.y + b.y, sum.z + b.z, sum.w + b.w);
        } else if (inside) {
            row[j] = sum.x + bias[j];
        }
    }
}

// The same, a thread an element.
extern "C" __global__ void decode_naive(float* out, long long out_stride, const int* indices,
                                        const float* values, const int* counts, int capacity,
                                        const float* decoder, long long decoder_stride,
                                        const float* bias, int rows, int columns) {
    const int element = blockIdx.x * blockDim.x + threadIdx.x;
    const int t = element / columns;
    const int j = element % columns;
    if (t >= rows) {
        return;
    }
    float sum = 0.f;
    for (int slot = 0; slot < counts[t]; ++slot) {
        const long long code = (long long)t * capacity + slot;
        sum += values[code] * decoder[indices[code] * decoder_stride + j];
    }
    out[t * out_stride + j] = sum + bias[j];
}

// out[t, slot] = gradient[t] . decoder[i] for the code (t, i) in the slot, 0 in unused slots: a block
// a row, a warp a slot.
extern "C" __global__ void code_gradients(float* __restrict__ out, long long out_stride,
                                          const int* __restrict__ indices,
                                          const int* __restrict__ counts, int capacity,
                                          const float* __restrict__ gradient,
                                          long long gradient_stride,
                                          const float* __restrict__ decoder,
                                          long long decoder_stride, int columns) {
    const long long t = blockIdx.x;
    const int lane = threadIdx.x % WARP;
    const int warps = blockDim.x / WARP;
    const float* row = gradient + t * gradient_stride;
    for (int slot = threadIdx.x / WARP; slot < capacity; slot += warps) {
        float sum = 0.f;
        if (slot < counts[t]) {
            const float* atom = decoder + indices[t * capacity + slot] * decoder_stride;
            for (int j = lane; j < columns; j += WARP) {
                sum = fmaf(row[j], atom[j], sum);
            }
            sum = over_warp<Sum>(sum);
        }
        if (lane == 0) {
            out[t * out_stride + slot] = sum;
        }
    }
}

// The same, a thread a slot.
extern "C" __global__ void code_gradients_naive(float* out, long long out_stride,
                                                const int* indices, const int* counts,
                                                int capacity, const float* gradient,
                                                long long gradient_stride, const float* decoder,
                                                long long decoder_stride, int rows, int columns) {
    const int code = blockIdx.x * blockDim.x + threadIdx.x;
    const int t = code / capacity;
    const int slot = code % capacity;
    if (t >= rows) {
        return;
    }
    float sum = 0.f;
    for (int j = 0; slot < counts[t] && j < columns; ++j) {
        sum += gradient[t * gradient_stride + j] * decoder[indices[code] * decoder_stride + j];
    }
    out[t * out_stride + slot] = sum;
}

// out[t] += sum over the active latents i of token t, first <= i < end, of value decoder[i]: a block a
// row.
extern "C" __global__ void add_latents(float* __restrict__ out, long long out_stride,
                                       const int* __restrict__ indices,
                                       const float* __restrict__ values,
                                       const int* __restrict__ counts, int capacity,
                                       const float* __restrict__ decoder,
                                       long long decoder_stride, int first, int end,
                                       int columns) {
    const long long t = blockIdx.x;
    const int count = counts[t];
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        float sum = out[t * out_stride + j];
        for (int slot = 0; slot < count; ++slot) {
            const int i = indices[t * capacity + slot];
            if (i >= first && i < end) {
                sum = fmaf(values[t * capacity + slot], decoder[i * decoder_stride + j], sum);
            }
        }
        out[t * out_stride + j] = sum;
    }
}

// out[t, slot] = gradient[t] . decoder[i] in the slots of latents first <= i < end, the others stay: a
// block a row, a warp a slot.
extern "C" __global__ void nested_code_gradients(float* __restrict__ out, long long out_stride,
                                                 const int* __restrict__ indices,
                                                 const int* __restrict__ counts, int capacity,
                                                 const float* __restrict__ gradient,
                                                 long long gradient_stride,
                                                 const float* __restrict__ decoder,
                                                 long long decoder_stride, int first, int end,
                                                 int columns) {
    const long long t = blockIdx.x;
    const int lane = threadIdx.x % WARP;
    const int warps = blockDim.x / WARP;
    const float* row = gradient + t * gradient_stride;
    for (int slot = threadIdx.x / WARP; slot < counts[t]; slot += warps) {
        const int i = indices[t * capacity + slot];
        if (i < first || i >= end) {
            continue;
        }
        float sum = 0.f;
        for (int j = lane; j < columns; j += WARP) {
            sum = fmaf(row[j], decoder[i * decoder_stride + j], sum);
        }
        sum = over_warp<Sum>(sum);
        if (lane == 0) {
            out[t * out_stride + slot] = sum;
        }
    }
}
