// Attention and its gradients, scores never stored as a whole. A block has 16 rows of one head, four a
// warp, and meets 32 others at a time, one a lane: first their products, then a sum of their rows.
// Tiles of keys begin at multiples of 32, so a query's result does not depend on the queries beside it.
#include "spans.cuh"
#include "warp.cuh"

constexpr int ROWS_OF_WARP = 4;
constexpr int WARPS = 4;
constexpr int THREADS = WARP * WARPS;
constexpr int ROWS = ROWS_OF_WARP * WARPS;
constexpr int OTHERS = WARP;
constexpr int PIECE = 32;                  // columns in shared memory
constexpr int PIECES = 4;                  // that a thread adds up at once
constexpr int COLUMNS = PIECE * PIECES;

// Rows of a sequence and columns of a head.
struct Block {
    const float* at;
    long long stride;
    int rows;
};

static __device__ Block block(const float* x, long long stride, int first_row, int rows, int head,
                              int width) {
    return {x + first_row * stride + static_cast<long long>(head) * width, stride, rows};
}

struct Tiles {
    float rows[ROWS][PIECE];
    float others[OTHERS][PIECE + 1];  // lanes read down a column
    float factors[ROWS][OTHERS];
};

// tile[i][c] = the block's element (first + i, column + c), 0 beyond its rows and the width.
template <int HEIGHT, int STRIDE>
static __device__ void load(float (&tile)[HEIGHT][STRIDE], const Block& from, int first,
                            int column, int width) {
#pragma unroll 1
    for (int i = threadIdx.x; i < HEIGHT * PIECE; i += THREADS) {
        const int row = first + i / PIECE;
        const int c = column + i % PIECE;
        tile[i / PIECE][i % PIECE] =
            row < from.rows && c < width ? from.at[row * from.stride + c] : 0.f;
    }
}

// products[r] = a warp's row r . the lane's other row.
static __device__ void multiply(float (&products)[ROWS_OF_WARP], Tiles& tiles, const Block& rows,
                                int first_row, const Block& others, int first_other, int width) {
    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    for (int r = 0; r < ROWS_OF_WARP; ++r) {
        products[r] = 0.f;
    }
    for (int column = 0; column < width; column += PIECE) {
        __syncthreads();
        load(tiles.rows, rows, first_row, column, width);
        load(tiles.others, others, first_other, column, width);
        __syncthreads();
#pragma unroll 4
        for (int c = 0; c < PIECE; ++c) {
            const float other = tiles.others[lane][c];
            for (int r = 0; r < ROWS_OF_WARP; ++r) {
                products[r] =
                    fmaf(tiles.rows[ROWS_OF_WARP * warp + r][c], other, products[r]);
            }
        }
    }
}

using Sums = float[ROWS_OF_WARP][PIECES];

// sums[r][p] += over the others of factors[r] times the other's element of column first_column + 32 p +
// lane.
static __device__ void add_rows(Sums& sums, Tiles& tiles,
                                const float (&factors)[ROWS_OF_WARP], const Block& others,
                                int first_other, int first_column, int width) {
    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    __syncthreads();
    for (int r = 0; r < ROWS_OF_WARP; ++r) {
        tiles.factors[ROWS_OF_WARP * warp + r][lane] = factors[r];
    }
#pragma unroll
    for (int p = 0; p < PIECES; ++p) {
        const int column = first_column + PIECE * p;
        if (column < width) {
            __syncthreads();
            load(tiles.others, others, first_other, column, width);
            __syncthreads();
#pragma unroll 4
            for (int o = 0; o < OTHERS; ++o) {
                const float other = tiles.others[o][lane];
                for (int r = 0; r < ROWS_OF_WARP; ++r) {
                    sums[r][p] =
                        fmaf(tiles.factors[ROWS_OF_WARP * warp + r][o], other, sums[r][p]);
                }
            }
        }
    }
}

static __device__ void clear(Sums& sums) {
    for (int r = 0; r < ROWS_OF_WARP; ++r) {
        for (int p = 0; p < PIECES; ++p) {
            sums[r][p] = 0.f;
        }
    }
}

// Writes what a warp has of the columns from first_column on; rows beyond the sequence are left out.
static __device__ void store(float* to, long long stride, int rows, int first, const Sums& sums,
                             const float (&divisors)[ROWS_OF_WARP], int first_column, int width) {
    const int lane = threadIdx.x % WARP;
    for (int r = 0; r < ROWS_OF_WARP; ++r) {
        for (int p = 0; p < PIECES; ++p) {
            const int column = first_column + PIECE * p + lane;
            if (first + r < rows && column < width) {
                to[(first + r) * stride + column] = sums[r][p] / divisors[r];
            }
        }
    }
}

struct Tile {
    Sequence sequence;
    int first;  // row within the sequence
    int head;
};

// The tile of a block, of 16 rows of queries (at = 0) or of keys (at = 2) of one head.
static __device__ Tile tile_of(const int* spans, int at, int heads) {
    int tile = blockIdx.x / heads;
    int s = 0;
    for (;; ++s) {
        const int tiles = (spans[4 * s + at + 1] - spans[4 * s + at] + ROWS - 1) / ROWS;
        if (tile < tiles) {
            break;
        }
        tile -= tiles;
    }
    return {sequence(spans, s), tile * ROWS, static_cast<int>(blockIdx.x % heads)};
}

static __device__ bool sees(const Sight& sight, const Sequence& s, int query, int key) {
    return query < s.queries && key >= sight.first(s, query) && key < sight.end(s, query);
}

// out = softmax of the scores times v; log_sums [rows, heads], where given, = log of the sum of exp of
// the scores. A block for each 16 queries of a sequence and each head.
extern "C" __global__ void attention(float* __restrict__ out, long long out_stride,
                                     const float* __restrict__ q, long long q_stride,
                                     const float* __restrict__ k, long long k_stride,
                                     const float* __restrict__ v, long long v_stride,
                                     const int* __restrict__ spans, int heads,
                                     int key_value_heads, int width, float scale, int causal,
                                     int window, float cap, float* __restrict__ log_sums) {
    __shared__ Tiles tiles;
    const Tile tile = tile_of(spans, 0, heads);
    const Sequence& s = tile.sequence;
    const Sight sight = {causal, window};
    const int lane = threadIdx.x % WARP;
    const int first = tile.first + ROWS_OF_WARP * (threadIdx.x / WARP);
    const int shared_head = tile.head / (heads / key_value_heads);
    const Block queries = block(q, q_stride, s.first_query, s.queries, tile.head, width);
    const Block keys = block(k, k_stride, s.first_key, s.keys, shared_head, width);
    const Block values = block(v, v_stride, s.first_key, s.keys, shared_head, width);
    const int begin = sight.first(s, tile.first) / OTHERS * OTHERS;
    const int end = sight.end(s, min(s.queries, tile.first + ROWS) - 1);

    for (int column = 0; column < width; column += COLUMNS) {
        Sums sums;
        clear(sums);
        float maxima[ROWS_OF_WARP];
        float totals[ROWS_OF_WARP];
        for (int r = 0; r < ROWS_OF_WARP; ++r) {
            maxima[r] = minus_infinity();
            totals[r] = 0.f;
        }
        for (int start = begin; start < end; start += OTHERS) {
            float shares[ROWS_OF_WARP];
            multiply(shares, tiles, queries, tile.first, keys, start, width);
            for (int r = 0; r < ROWS_OF_WARP; ++r) {
                const bool seen = sees(sight, s, first + r, start + lane);
                const float score = seen ? capped(scale * shares[r], cap) : minus_infinity();
                const float maximum = fmaxf(maxima[r], over_warp<Maximum>(score));
                const float kept =
                    maxima[r] == minus_infinity() ? 0.f : expf(maxima[r] - maximum);
                shares[r] = seen ? expf(score - maximum) : 0.f;
                totals[r] = totals[r] * kept + over_warp<Sum>(shares[r]);
                maxima[r] = maximum;
                for (int p = 0; p < PIECES; ++p) {
                    sums[r][p] *= kept;
                }
            }
            add_rows(sums, tiles, shares, values, start, column, width);
        }
        float* to = out + s.first_query * out_stride + static_cast<long long>(tile.head) * width;
        store(to, out_stride, s.queries, first, sums, totals, column, width);
        for (int r = 0; r < ROWS_OF_WARP; ++r) {
            if (log_sums && column == 0 && lane == 0 && first + r < s.queries) {
                log_sums[static_cast<long long>(s.first_query + first + r) * heads + tile.head] =
                    maxima[r] + logf(totals[r]);
            }
        }
    }
}

// out[t, h] = a[t] . b[t] over the columns of head h: a warp a head.
extern "C" __global__ void head_dots(float* __restrict__ out, const float* __restrict__ a,
                                     long long a_stride, const float* __restrict__ b,
                                     long long b_stride, int rows, int heads, int width) {
    const int which = (blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    const int t = which / heads;
    if (t >= rows) {
        return;
    }
    const long long column = static_cast<long long>(which % heads) * width;
    float sum = 0.f;
    for (int c = threadIdx.x % WARP; c < width; c += WARP) {
        sum = fmaf(a[t * a_stride + column + c], b[t * b_stride + column + c], sum);
    }
    sum = over_warp<Sum>(sum);
    if (threadIdx.x % WARP == 0) {
        out[which] = sum;
    }
}

struct Gradient {
    float share;    // of the key in the query's softmax
    float product;  // the gradient of q . k
};

// From q . k, d_out . v, the query's log-sum and the sum of d_out . out.
static __device__ Gradient gradient(bool seen, float product, float d_share, float log_sum,
                                    float mean, float scale, float cap) {
    if (!seen) {
        return {0.f, 0.f};
    }
    const float score = capped(scale * product, cap);
    const float share = expf(score - log_sum);
    return {share, share * (d_share - mean) * scale * capped_derivative(score, cap)};
}

// dq = sum over the keys of the products' gradients times k. A block for each 16 queries and each head.
extern "C" __global__ void query_gradients(
    float* __restrict__ dq, long long dq_stride, const float* __restrict__ d_out,
    long long d_out_stride, const float* __restrict__ q, long long q_stride,
    const float* __restrict__ k, long long k_stride, const float* __restrict__ v,
    long long v_stride, const int* __restrict__ spans, int heads, int key_value_heads, int width,
    float scale, int causal, int window, float cap, const float* __restrict__ log_sums,
    const float* __restrict__ means) {
    __shared__ Tiles tiles;
    const Tile tile = tile_of(spans, 0, heads);
    const Sequence& s = tile.sequence;
    const Sight sight = {causal, window};
    const int lane = threadIdx.x % WARP;
    const int first = tile.first + ROWS_OF_WARP * (threadIdx.x / WARP);
    const int shared_head = tile.head / (heads / key_value_heads);
    const Block queries = block(q, q_stride, s.first_query, s.queries, tile.head, width);
    const Block d_rows = block(d_out, d_out_stride, s.first_query, s.queries, tile.head, width);
    const Block keys = block(k, k_stride, s.first_key, s.keys, shared_head, width);
    const Block values = block(v, v_stride, s.first_key, s.keys, shared_head, width);
    const int begin = sight.first(s, tile.first) / OTHERS * OTHERS;
    const int end = sight.end(s, min(s.queries, tile.first + ROWS) - 1);
    const float ones[ROWS_OF_WARP] = {1.f, 1.f, 1.f, 1.f};

    for (int column = 0; column < width; column += COLUMNS) {
        Sums sums;
        clear(sums);
        for (int start = begin; start < end; start += OTHERS) {
            float products[ROWS_OF_WARP];
            float d_shares[ROWS_OF_WARP];
            multiply(products, tiles, queries, tile.first, keys, start, width);
            multiply(d_shares, tiles, d_rows, tile.first, values, start, width);
            for (int r = 0; r < ROWS_OF_WARP; ++r) {
                const bool seen = sees(sight, s, first + r, start + lane);
                const long long at =
                    static_cast<long long>(s.first_query + first + r) * heads + tile.head;
                products[r] = gradient(seen, products[r], d_shares[r], seen ? log_sums[at] : 0.f,
                                       seen ? means[at] : 0.f, scale, cap)
                                  .product;
            }
            add_rows(sums, tiles, products, keys, start, column, width);
        }
        float* to = dq + s.first_query * dq_stride + static_cast<long long>(tile.head) * width;
        store(to, dq_stride, s.queries, first, sums, ones, column, width);
    }
}

// dk = sum over the queries, and over the heads that share the key, of the products' gradients times q;
// dv = the same of the shares times d_out. A block for each 16 keys and each head of keys.
extern "C" __global__ void key_gradients(
    float* __restrict__ dk, long long dk_stride, float* __restrict__ dv, long long dv_stride,
    const float* __restrict__ d_out, long long d_out_stride, const float* __restrict__ q,
    long long q_stride, const float* __restrict__ k, long long k_stride,
    const float* __restrict__ v, long long v_stride, const int* __restrict__ spans, int heads,
    int key_value_heads, int width, float scale, int causal, int window, float cap,
    const float* __restrict__ log_sums, const float* __restrict__ means) {
    __shared__ Tiles tiles;
    const Tile tile = tile_of(spans, 2, key_value_heads);
    const Sequence& s = tile.sequence;
    const Sight sight = {causal, window};
    const int lane = threadIdx.x % WARP;
    const int first = tile.first + ROWS_OF_WARP * (threadIdx.x / WARP);
    const int group = heads / key_value_heads;
    const Block keys = block(k, k_stride, s.first_key, s.keys, tile.head, width);
    const Block values = block(v, v_stride, s.first_key, s.keys, tile.head, width);
    // The positions that may see one of the tile's keys, as queries.
    const int before = s.keys - s.queries;
    const int last_key = min(s.keys, tile.first + ROWS) - 1;
    const int nearest = causal ? tile.first : max(0, tile.first - window + 1);
    const int begin = max(0, nearest - before) / OTHERS * OTHERS;
    const int end = static_cast<int>(
        min(static_cast<long long>(s.queries), static_cast<long long>(last_key) + window - before));
    const float ones[ROWS_OF_WARP] = {1.f, 1.f, 1.f, 1.f};

    for (int column = 0; column < width; column += COLUMNS) {
        Sums of_keys;
        Sums of_values;
        clear(of_keys);
        clear(of_values);
        for (int head = tile.head * group; head < (tile.head + 1) * group; ++head) {
            const Block queries = block(q, q_stride, s.first_query, s.queries, head, width);
            const Block d_rows = block(d_out, d_out_stride, s.first_query, s.queries, head, width);
            for (int start = begin; start < end; start += OTHERS) {
                float products[ROWS_OF_WARP];
                float shares[ROWS_OF_WARP];
                multiply(products, tiles, keys, tile.first, queries, start, width);
                multiply(shares, tiles, values, tile.first, d_rows, start, width);
                const long long at =
                    static_cast<long long>(s.first_query + start + lane) * heads + head;
                const bool inside = start + lane < s.queries;
                const float log_sum = inside ? log_sums[at] : 0.f;
                const float mean = inside ? means[at] : 0.f;
                for (int r = 0; r < ROWS_OF_WARP; ++r) {
                    const bool seen =
                        first + r < s.keys && sees(sight, s, start + lane, first + r);
                    const Gradient g = gradient(seen, products[r], shares[r], log_sum, mean,
                                                scale, cap);
                    products[r] = g.product;
                    shares[r] = g.share;
                }
                add_rows(of_keys, tiles, products, queries, start, column, width);
                add_rows(of_values, tiles, shares, d_rows, start, column, width);
            }
        }
        const long long at = static_cast<long long>(tile.head) * width;
        store(dk + s.first_key * dk_stride + at, dk_stride, s.keys, first, of_keys, ones, column,
              width);
        store(dv + s.first_key * dv_stride + at, dv_stride, s.keys, first, of_values, ones, column,
              width);
    }
}
