// Non-negative pursuit on a shortlist, a block a token. What a token holds lies in global memory: its
// residual, a code and a gain for each candidate, the slots that it holds in the order of joining.
#include "codes.cuh"

struct Token {
    float* residual;
    float* codes;
    float* gains;
    int* held;
    int* held_count;
    const int* latents;
    const float* inverses;
    const float* dictionary;
    long long stride;
    int candidates;
    int columns;

    __device__ const float* row(int slot) const { return dictionary + latents[slot] * stride; }
    __device__ float inverse(int slot) const { return inverses[latents[slot]]; }
};

#define TOKEN_PARAMETERS                                                                        \
    float *residuals, float *codes, float *gains, int *held, int *held_counts,                  \
        const int *__restrict__ listed, const int *__restrict__ listed_counts, int capacity,    \
        const float *__restrict__ dictionary, long long stride,                                 \
        const float *__restrict__ inverses, int columns

#define TOKEN                                                                                   \
    const long long t = blockIdx.x;                                                             \
    const Token token = {residuals + t * columns, codes + t * capacity,  gains + t * capacity,  \
                         held + t * capacity,     held_counts + t,       listed + t * capacity, \
                         inverses,                dictionary,            stride,                \
                         listed_counts[t],        columns}

// The residual's product with a row, the same in every thread.
static __device__ float correlation(const Token& token, int slot, float* scratch) {
    const float* row = token.row(slot);
    float sum = 0.f;
    for (int j = threadIdx.x; j < token.columns; j += blockDim.x) {
        sum = fmaf(token.residual[j], row[j], sum);
    }
    return over_block<Sum>(sum, scratch);
}

// residual -= change row. A thread reads and writes its own columns here and in `correlation`.
static __device__ void take_off(const Token& token, int slot, float change) {
    const float* row = token.row(slot);
    for (int j = threadIdx.x; j < token.columns; j += blockDim.x) {
        token.residual[j] = fmaf(-change, row[j], token.residual[j]);
    }
}

// Coordinate descent over the held slots from `from` to `to`.
static __device__ void sweep(const Token& token, int from, int to, float* scratch) {
    for (int i = from; i < to; ++i) {
        const int slot = token.held[i];
        const float before = token.codes[slot];
        const float along = correlation(token, slot, scratch);
        const float code = fmaxf(0.f, fmaf(along, token.inverse(slot), before));
        take_off(token, slot, code - before);
        if (threadIdx.x == 0) {
            token.codes[slot] = code;
        }
        __syncthreads();
    }
}

// Drops the held slots whose code is 0.
static __device__ void drop_zeros(const Token& token) {
    if (threadIdx.x == 0) {
        int kept = 0;
        for (int i = 0; i < *token.held_count; ++i) {
            const int slot = token.held[i];
            if (token.codes[slot] > 0.f) {
                token.held[kept++] = slot;
            }
        }
        *token.held_count = kept;
    }
    __syncthreads();
}

// gains = the residual's products with all candidates, a warp a candidate.
static __device__ void correlate(const Token& token) {
    const int lane = threadIdx.x % WARP;
    for (int slot = threadIdx.x / WARP; slot < token.candidates; slot += blockDim.x / WARP) {
        const float* row = token.row(slot);
        float sum = 0.f;
        for (int j = lane; j < token.columns; j += WARP) {
            sum = fmaf(token.residual[j], row[j], sum);
        }
        sum = over_warp<Sum>(sum);
        if (lane == 0) {
            token.gains[slot] = sum;
        }
    }
    __syncthreads();
}

struct Best {
    float gain;
    int slot;
};

static __device__ Best better(Best a, Best b) {
    return b.gain > a.gain || (b.gain == a.gain && b.slot < a.slot) ? b : a;
}

static __device__ Best over_lanes(Best best) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        const Best other = {__shfl_xor_sync(ALL_LANES, best.gain, distance),
                            __shfl_xor_sync(ALL_LANES, best.slot, distance)};
        best = better(best, other);
    }
    return best;
}

// Lets the slots with the largest positive gains join, of equal ones the lowest, until `wanted` are
// held. Gains are 0 for those that are held.
static __device__ void join_best(const Token& token, int wanted) {
    __shared__ Best bests[WARP];
    const int lane = threadIdx.x % WARP;
    for (int number = *token.held_count; number < wanted; ++number) {
        Best best = {0.f, token.candidates};
        for (int slot = threadIdx.x; slot < token.candidates; slot += blockDim.x) {
            best = better(best, {token.gains[slot], slot});
        }
        best = over_lanes(best);
        if (lane == 0) {
            bests[threadIdx.x / WARP] = best;
        }
        __syncthreads();
        best = lane < blockDim.x / WARP ? bests[lane] : Best{0.f, token.candidates};
        best = over_lanes(best);
        if (best.gain == 0.f) {
            return;
        }
        if (threadIdx.x == 0) {
            token.held[number] = best.slot;
            *token.held_count = number + 1;
            token.gains[best.slot] = 0.f;
        }
        __syncthreads();
    }
}

// The residual is x, codes are 0, nothing is held.
extern "C" __global__ void pursuit_begin(const float* __restrict__ x, long long x_stride,
                                         TOKEN_PARAMETERS) {
    TOKEN;
    for (int j = threadIdx.x; j < columns; j += blockDim.x) {
        token.residual[j] = x[t * x_stride + j];
    }
    for (int slot = threadIdx.x; slot < capacity; slot += blockDim.x) {
        token.codes[slot] = 0.f;
        token.gains[slot] = 0.f;
        token.held[slot] = 0;
    }
    if (threadIdx.x == 0) {
        *token.held_count = 0;
    }
}

// A round: until `wanted` are held the best join; a sweep over them, and one over those held before.
extern "C" __global__ void pursuit_round(int wanted, TOKEN_PARAMETERS) {
    __shared__ float scratch[WARP];
    TOKEN;
    drop_zeros(token);
    const int old = *token.held_count;
    correlate(token);
    for (int slot = threadIdx.x; slot < token.candidates; slot += blockDim.x) {
        const float along = fmaxf(0.f, token.gains[slot]);
        token.gains[slot] = along * along * token.inverse(slot);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < old; i += blockDim.x) {
        token.gains[token.held[i]] = 0.f;
    }
    __syncthreads();
    join_best(token, min(wanted, token.candidates));
    __syncthreads();
    const int now = *token.held_count;
    sweep(token, old, now, scratch);
    sweep(token, 0, old, scratch);
}

// The end: a sweep, the codes but the `most` largest or those below `least` become 0, two sweeps.
extern "C" __global__ void pursuit_end(int most, float least, TOKEN_PARAMETERS) {
    __shared__ float scratch[WARP];
    TOKEN;
    sweep(token, 0, *token.held_count, scratch);
    for (int slot = threadIdx.x; slot < token.candidates; slot += blockDim.x) {
        const float code = token.codes[slot];
        int larger = 0;
        for (int other = 0; other < token.candidates; ++other) {
            larger += token.codes[other] > code || (token.codes[other] == code && other < slot);
        }
        token.gains[slot] = larger < most && code >= least ? 1.f : 0.f;
    }
    __syncthreads();
    for (int slot = 0; slot < token.candidates; ++slot) {
        const float code = token.codes[slot];
        __syncthreads();
        if (code > 0.f && token.gains[slot] == 0.f) {
            take_off(token, slot, -code);
            if (threadIdx.x == 0) {
                token.codes[slot] = 0.f;
            }
        }
    }
    __syncthreads();
    drop_zeros(token);
    const int now = *token.held_count;
    sweep(token, 0, now, scratch);
    sweep(token, 0, now, scratch);
}

// Row t of out = the codes above 0; a block of one warp a token.
extern "C" __global__ void pursuit_codes(int* __restrict__ to_indices,
                                         float* __restrict__ to_values,
                                         int* __restrict__ to_counts, int to_capacity,
                                         const float* __restrict__ codes,
                                         const int* __restrict__ listed,
                                         const int* __restrict__ listed_counts, int capacity) {
    const long long t = blockIdx.x;
    const int written = append_chosen(
        listed + t * capacity, codes + t * capacity, listed_counts[t],
        to_indices + t * to_capacity, to_values + t * to_capacity, 0,
        [](int, int&, float& value) { return value > 0.f; });
    end_row(to_indices + t * to_capacity, to_values + t * to_capacity, written, to_capacity,
            to_counts + t);
}

// targets = code + <residual, row> / |row|^2 in the slots of the shortlist, 0 in the others.
extern "C" __global__ void pursuit_targets(float* targets, long long targets_stride,
                                           TOKEN_PARAMETERS) {
    TOKEN;
    correlate(token);
    for (int slot = threadIdx.x; slot < capacity; slot += blockDim.x) {
        targets[t * targets_stride + slot] =
            slot < token.candidates
                ? fmaf(token.gains[slot], token.inverse(slot), token.codes[slot])
                : 0.f;
    }
}
