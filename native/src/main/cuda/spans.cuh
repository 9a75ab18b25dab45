// Sequences of a batch: spans[s] = first query row, end of the query rows, first key row, end of the
// key rows. A sequence's queries are the last positions of its keys.
#pragma once

struct Sequence {
    int first_query;
    int queries;
    int first_key;
    int keys;

    __device__ int position(int query) const { return keys - queries + query; }
};

struct Sight {
    int causal;
    int window;

    __device__ int first(const Sequence& s, int query) const {
        return max(0, s.position(query) - window + 1);
    }

    __device__ int end(const Sequence& s, int query) const {
        const long long ahead = causal ? 1 : window;
        return static_cast<int>(min(static_cast<long long>(s.keys), s.position(query) + ahead));
    }
};

static __device__ Sequence sequence(const int* spans, int s) {
    const int* span = spans + 4 * s;
    return {span[0], span[1] - span[0], span[2], span[3] - span[2]};
}

// c tanh(score / c), or the score where c is 0.
static __device__ float capped(float score, float cap) {
    return cap == 0.f ? score : cap * tanhf(score / cap);
}

// The derivative of `capped` where it is y.
static __device__ float capped_derivative(float y, float cap) {
    const float share = cap == 0.f ? 0.f : y / cap;
    return 1.f - share * share;
}

static __device__ float minus_infinity() { return -__int_as_float(0x7f800000); }
