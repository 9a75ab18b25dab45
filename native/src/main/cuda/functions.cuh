// Activation functions and their derivatives.
#pragma once

constexpr float SQRT_HALF = 0.70710678f;
constexpr float SQRT_TWO_OVER_PI = 0.79788456f;
constexpr float INVERSE_SQRT_TWO_PI = 0.39894228f;
constexpr float CUBIC = 0.044715f;

// In the order of the engine's enumeration.
enum Function { GELU, GELU_TANH, SILU, RELU };

static __device__ float value_of(int function, float x) {
    switch (function) {
        case GELU:
            return 0.5f * x * (1.f + erff(x * SQRT_HALF));
        case GELU_TANH:
            return 0.5f * x * (1.f + tanhf(SQRT_TWO_OVER_PI * (x + CUBIC * x * x * x)));
        case SILU:
            return x / (1.f + expf(-x));
        default:
            return fmaxf(x, 0.f);
    }
}

static __device__ float derivative_of(int function, float x) {
    switch (function) {
        case GELU:
            return 0.5f * (1.f + erff(x * SQRT_HALF)) +
                   x * INVERSE_SQRT_TWO_PI * expf(-0.5f * x * x);
        case GELU_TANH: {
            const float t = tanhf(SQRT_TWO_OVER_PI * (x + CUBIC * x * x * x));
            const float inner = SQRT_TWO_OVER_PI * (1.f + 3.f * CUBIC * x * x);
            return 0.5f * (1.f + t) + 0.5f * x * (1.f - t * t) * inner;
        }
        case SILU: {
            const float sigmoid = 1.f / (1.f + expf(-x));
            return sigmoid * (1.f + x * (1.f - sigmoid));
        }
        default:
            return x > 0.f ? 1.f : 0.f;
    }
}
