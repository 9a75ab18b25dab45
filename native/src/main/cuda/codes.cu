// Arithmetic on the slots of codes. Where slots are dropped or moved, a block of one warp does a row.
#include "codes.cuh"
#include "elements.cuh"

// out's indices = ids[indices], 0 in unused slots; values and counts are copied. A thread a slot.
extern "C" __global__ void relabel(int* __restrict__ to_indices, float* __restrict__ to_values,
                                   int* __restrict__ to_counts, const int* __restrict__ indices,
                                   const float* __restrict__ values,
                                   const int* __restrict__ counts, const int* __restrict__ ids,
                                   int rows, int columns) {
    FOR_ELEMENT;
    const long long code = i * columns + j;
    to_indices[code] = j < counts[i] ? ids[indices[code]] : 0;
    to_values[code] = values[code];
    if (j == 0) {
        to_counts[i] = counts[i];
    }
}

// indices[t, slot] = the latent that row t of the list has in that slot. A thread a slot.
extern "C" __global__ void list_latents(int* indices, const int* counts, const int* listed,
                                        int listed_capacity, int rows, int columns) {
    FOR_ELEMENT;
    if (j < counts[i]) {
        indices[i * columns + j] = listed[i * listed_capacity + indices[i * columns + j]];
    }
}

enum Shape { LINEAR, POWER, TANH };

static __device__ float penalty(int shape, float u, float a, float b) {
    switch (shape) {
        case POWER:
            return powf(u + b, a) - powf(b, a);
        case TANH:
            return tanhf(a * u);
        default:
            return u;
    }
}

static __device__ float slope(int shape, float u, float a, float b) {
    switch (shape) {
        case POWER:
            return a * powf(u + b, a - 1.f);
        case TANH: {
            const float t = tanhf(a * u);
            return a * (1.f - t * t);
        }
        default:
            return 1.f;
    }
}

// sums[t] = sum over the active latents of phi(value norm); a warp a row.
extern "C" __global__ void penalties(float* __restrict__ sums, long long sums_stride,
                                     const int* __restrict__ indices,
                                     const float* __restrict__ values,
                                     const int* __restrict__ counts, int capacity,
                                     const float* __restrict__ norms, long long norms_stride,
                                     int shape, float a, float b) {
    const long long t = blockIdx.x;
    float sum = 0.f;
    for (int slot = threadIdx.x; slot < counts[t]; slot += WARP) {
        const long long code = t * capacity + slot;
        sum += penalty(shape, values[code] * norms[indices[code] * norms_stride], a, b);
    }
    sum = over_warp<Sum>(sum);
    if (threadIdx.x == 0) {
        sums[t * sums_stride] = sum;
    }
}

// by_code += factor phi' norm, by_row = factor phi' value / norm in active slots. A thread a slot.
extern "C" __global__ void penalty_gradients(
    float* by_code, long long by_code_stride, float* by_row, long long by_row_stride,
    const int* indices, const float* values, const int* counts, const float* norms,
    long long norms_stride, int shape, float a, float b, float factor, int rows, int columns) {
    FOR_ELEMENT;
    if (j >= counts[i]) {
        return;
    }
    const long long code = i * columns + j;
    const float norm = norms[indices[code] * norms_stride];
    const float d = factor * slope(shape, values[code] * norm, a, b);
    by_code[i * by_code_stride + j] += d * norm;
    by_row[i * by_row_stride + j] = norm == 0.f ? 0.f : d * values[code] / norm;
}

// out = scales[latent] x + shift in active slots. A thread a slot.
extern "C" __global__ void scale_slots(float* out, long long out_stride, const float* x,
                                       long long x_stride, const int* indices, const int* counts,
                                       const float* scales, long long scales_stride, float shift,
                                       int rows, int columns) {
    FOR_ELEMENT;
    if (j < counts[i]) {
        const float scale = scales[indices[i * columns + j] * scales_stride];
        out[i * out_stride + j] = __fadd_rn(__fmul_rn(scale, x[i * x_stride + j]), shift);
    }
}

// The codes keep what is above its latent's threshold; the band has what is less than width / 2 away
// from it, as it is where it is above, else as 0.
extern "C" __global__ void split_at_thresholds(int* band_indices, float* band_values,
                                               int* band_counts, int* indices, float* values,
                                               int* counts, int capacity, const float* thresholds,
                                               long long thresholds_stride, float width) {
    const long long t = blockIdx.x;
    const long long row = t * capacity;
    const int count = counts[t];
    const int near = append_chosen(
        indices + row, values + row, count, band_indices + row, band_values + row, 0,
        [&](int, int& latent, float& value) {
            const float threshold = thresholds[latent * thresholds_stride];
            const bool chosen = fabsf(value - threshold) < width / 2.f;
            value = value > threshold ? value : 0.f;
            return chosen;
        });
    end_row(band_indices + row, band_values + row, near, capacity, band_counts + t);
    const int active = append_chosen(
        indices + row, values + row, count, indices + row, values + row, 0,
        [&](int, int& latent, float& value) {
            return value > thresholds[latent * thresholds_stride];
        });
    end_row(indices + row, values + row, active, capacity, counts + t);
}

// Row t of out = the latents with a positive value scale + shift, and that as their value; out may be
// the codes.
extern "C" __global__ void affine(int* to_indices, float* to_values, int* to_counts,
                                  const int* indices, const float* values, const int* counts,
                                  int capacity, const float* scales, long long scales_stride,
                                  const float* shifts, long long shifts_stride) {
    const long long t = blockIdx.x;
    const long long row = t * capacity;
    const int written = append_chosen(
        indices + row, values + row, counts[t], to_indices + row, to_values + row, 0,
        [&](int, int& latent, float& value) {
            value = __fadd_rn(__fmul_rn(value, scales[latent * scales_stride]),
                              shifts[latent * shifts_stride]);
            return value > 0.f;
        });
    end_row(to_indices + row, to_values + row, written, capacity, to_counts + t);
}

// Row rows[t] of out, or row t where there are no rows, = row t of the codes with first_latent added:
// behind what the row has where `append` is 1.
extern "C" __global__ void place_codes(int* to_indices, float* to_values, int* to_counts,
                                       int to_capacity, const int* indices, const float* values,
                                       const int* counts, int capacity, const int* rows,
                                       int first_latent, int append) {
    const long long t = blockIdx.x;
    const long long to = rows ? rows[t] : t;
    const int before = append ? to_counts[to] : 0;
    const int written = append_chosen(
        indices + t * capacity, values + t * capacity, counts[t], to_indices + to * to_capacity,
        to_values + to * to_capacity, before, [&](int, int& latent, float&) {
            latent += first_latent;
            return true;
        });
    end_row(to_indices + to * to_capacity, to_values + to * to_capacity, written, to_capacity,
            to_counts + to);
}
