// What elementwise kernels begin with: a thread an element of a row-major matrix.
#pragma once

struct Element {
    int row;
    int column;
    bool inside;
};

static __device__ Element element_of(int rows, int columns) {
    const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    return {int(i / columns), int(i % columns), i < (long long)rows * columns};
}

#define FOR_ELEMENT                                    \
    const Element e = element_of(rows, columns);       \
    if (!e.inside) {                                   \
        return;                                        \
    }                                                  \
    const long long i = e.row;                         \
    const int j = e.column
