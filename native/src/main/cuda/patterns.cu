// Attention with its scores written out, by definition: for whoever looks at them or changes them. A
// block for each head of a row; rows outside of all sequences are left as they are. With softmax in
// between these are the naive twins of attention.cu.
#include "spans.cuh"

struct Place {
    Sequence sequence;
    int row;  // within the sequence
    bool inside;
};

// The sequence of a row of queries (at = 0) or of keys (at = 2).
static __device__ Place place_of(const int* spans, int sequences, int at, int row) {
    for (int s = 0; s < sequences; ++s) {
        if (row >= spans[4 * s + at] && row < spans[4 * s + at + 1]) {
            return {sequence(spans, s), row - spans[4 * s + at], true};
        }
    }
    return {{0, 0, 0, 0}, 0, false};
}

#define FOR_ROW(at, heads)                                          \
    const int row = blockIdx.x / (heads);                           \
    const int head = blockIdx.x % (heads);                          \
    const Place place = place_of(spans, sequences, at, row);        \
    if (!place.inside) {                                            \
        return;                                                     \
    }                                                               \
    const Sequence& s = place.sequence

extern "C" __global__ void attention_scores(float* scores, long long scores_stride, const float* q,
                                            long long q_stride, const float* k, long long k_stride,
                                            const int* spans, int sequences, int max_keys,
                                            int heads, int key_value_heads, int width,
                                            float scale, int causal, int window, float cap) {
    FOR_ROW(0, heads);
    const Sight sight = {causal, window};
    const int first = sight.first(s, place.row);
    const int end = sight.end(s, place.row);
    const float* query = q + row * q_stride + head * width;
    const int column = head / (heads / key_value_heads) * width;
    for (int j = threadIdx.x; j < max_keys; j += blockDim.x) {
        float score = minus_infinity();
        if (j >= first && j < end) {
            const float* key = k + (s.first_key + j) * k_stride + column;
            float product = 0.f;
            for (int c = 0; c < width; ++c) {
                product = fmaf(query[c], key[c], product);
            }
            score = capped(scale * product, cap);
        }
        scores[row * scores_stride + static_cast<long long>(head) * max_keys + j] = score;
    }
}

// out = pattern v
extern "C" __global__ void attention_values(float* out, long long out_stride, const float* pattern,
                                            long long pattern_stride, const float* v,
                                            long long v_stride, const int* spans, int sequences,
                                            int max_keys, int heads, int key_value_heads,
                                            int width) {
    FOR_ROW(0, heads);
    const float* shares = pattern + row * pattern_stride + static_cast<long long>(head) * max_keys;
    const int column = head / (heads / key_value_heads) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.f;
        for (int j = 0; j < s.keys; ++j) {
            sum = fmaf(shares[j], v[(s.first_key + j) * v_stride + column + c], sum);
        }
        out[row * out_stride + head * width + c] = sum;
    }
}

// d_pattern = d_out v^T, 0 beyond the keys of the sequence
extern "C" __global__ void pattern_gradients(float* d_pattern, long long d_pattern_stride,
                                             const float* d_out, long long d_out_stride,
                                             const float* v, long long v_stride, const int* spans,
                                             int sequences, int max_keys, int heads,
                                             int key_value_heads, int width) {
    FOR_ROW(0, heads);
    const float* d = d_out + row * d_out_stride + head * width;
    const int column = head / (heads / key_value_heads) * width;
    for (int j = threadIdx.x; j < max_keys; j += blockDim.x) {
        float sum = 0.f;
        for (int c = 0; j < s.keys && c < width; ++c) {
            sum = fmaf(d[c], v[(s.first_key + j) * v_stride + column + c], sum);
        }
        d_pattern[row * d_pattern_stride + static_cast<long long>(head) * max_keys + j] = sum;
    }
}

// dv = pattern^T d_out, summed over the heads that share it
extern "C" __global__ void value_gradients(float* dv, long long dv_stride, const float* d_out,
                                           long long d_out_stride, const float* pattern,
                                           long long pattern_stride, const int* spans,
                                           int sequences, int max_keys, int heads,
                                           int key_value_heads, int width) {
    FOR_ROW(2, key_value_heads);
    const int group = heads / key_value_heads;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.f;
        for (int h = head * group; h < (head + 1) * group; ++h) {
            for (int i = 0; i < s.queries; ++i) {
                const long long query = s.first_query + i;
                const float share = pattern[query * pattern_stride +
                                            static_cast<long long>(h) * max_keys + place.row];
                sum = fmaf(share, d_out[query * d_out_stride + h * width + c], sum);
            }
        }
        dv[row * dv_stride + head * width + c] = sum;
    }
}

// The gradient of q . k; scores that are -infinity pass none on.
static __device__ float product_gradient(float d_score, float score, float scale, float cap) {
    return score == minus_infinity() ? 0.f : d_score * scale * capped_derivative(score, cap);
}

// dq of attention_scores
extern "C" __global__ void score_query_gradients(
    float* dq, long long dq_stride, const float* d_scores, long long d_scores_stride,
    const float* scores, long long scores_stride, const float* k, long long k_stride,
    const int* spans, int sequences, int max_keys, int heads, int key_value_heads, int width,
    float scale, float cap) {
    FOR_ROW(0, heads);
    const long long at = static_cast<long long>(head) * max_keys;
    const int column = head / (heads / key_value_heads) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.f;
        for (int j = 0; j < s.keys; ++j) {
            const float d = product_gradient(d_scores[row * d_scores_stride + at + j],
                                             scores[row * scores_stride + at + j], scale, cap);
            sum = fmaf(d, k[(s.first_key + j) * k_stride + column + c], sum);
        }
        dq[row * dq_stride + head * width + c] = sum;
    }
}

// dk of attention_scores, summed over the heads that share it
extern "C" __global__ void score_key_gradients(
    float* dk, long long dk_stride, const float* d_scores, long long d_scores_stride,
    const float* scores, long long scores_stride, const float* q, long long q_stride,
    const int* spans, int sequences, int max_keys, int heads, int key_value_heads, int width,
    float scale, float cap) {
    FOR_ROW(2, key_value_heads);
    const int group = heads / key_value_heads;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        float sum = 0.f;
        for (int h = head * group; h < (head + 1) * group; ++h) {
            const long long at = static_cast<long long>(h) * max_keys + place.row;
            for (int i = 0; i < s.queries; ++i) {
                const long long query = s.first_query + i;
                const float d = product_gradient(d_scores[query * d_scores_stride + at],
                                                 scores[query * scores_stride + at], scale, cap);
                sum = fmaf(d, q[query * q_stride + h * width + c], sum);
            }
        }
        dk[row * dk_stride + head * width + c] = sum;
    }
}
