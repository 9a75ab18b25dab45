package mechinterp.kernel;

import static mechinterp.kernel.TestMatrices.empty;
import static mechinterp.kernel.TestMatrices.emptyCodes;
import static mechinterp.kernel.TestMatrices.intRow;
import static mechinterp.kernel.TestMatrices.ints;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.LatentOrder;
import mechinterp.tensor.SparseCodes;
import mechinterp.tensor.SparseOuterProduct;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class CheckedKernelsTest {
  private final Kernels kernels = new CheckedKernels(new ScalarKernels());

  private static void assertRefused(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  @Test
  void factorsThatDoNotFitAreRefused() {
    assertRefused(
        "matmul: a is [32, 512], b is [256, 64]; a's columns must equal b's rows",
        () ->
            kernels.matmul(
                empty(32, 64),
                empty(32, 512),
                Operand.AS_IS,
                empty(256, 64),
                Operand.AS_IS,
                Write.SET));
    assertRefused(
        "matmul: a transposed is [5, 2], b is [3, 4]; a's columns must equal b's rows",
        () ->
            kernels.matmul(
                empty(5, 4),
                empty(2, 5),
                Operand.TRANSPOSED,
                empty(3, 4),
                Operand.AS_IS,
                Write.SET));
    assertRefused(
        "matmul: out is [3, 3]; it must be [2, 4]",
        () ->
            kernels.matmul(
                empty(3, 3), empty(2, 3), Operand.AS_IS, empty(3, 4), Operand.AS_IS, Write.SET));
  }

  @Test
  void packedMatricesThatDoNotFitAreRefused() {
    PackedMatrix packed = kernels.allocatePacked(8, 16);
    assertRefused(
        "pack: the matrix is [8, 17], the packed one has 8 rows and holds up to 16 columns; rows must be equal and columns must fit",
        () -> kernels.pack(packed, empty(17, 8), Operand.TRANSPOSED));
    kernels.pack(packed, new TestMatrices(1).gaussian(16, 8), Operand.TRANSPOSED);
    assertRefused(
        "matmulPacked: a is [2, 9], b is [8, 16]; a's columns must equal b's rows",
        () -> kernels.matmulPacked(empty(2, 16), empty(2, 9), packed));
  }

  @Test
  void rowsAndShapesThatDifferAreRefused() {
    assertRefused(
        "add: shapes are [2, 3] and [3, 2]; they must be equal",
        () -> kernels.add(empty(2, 3), empty(2, 3), empty(3, 2)));
    assertRefused(
        "addRow: row is [1, 4]; it must be [1, 3]",
        () -> kernels.addRow(empty(2, 3), empty(2, 3), empty(1, 4), 1));
    assertRefused(
        "gatherRows: ids is [1, 3]; it must be [1, 2]",
        () -> kernels.gatherRows(empty(2, 3), empty(9, 3), intRow(0, 1, 2)));
    assertRefused(
        "attention: q is [4, 10] with 3 heads; heads must divide the columns",
        () ->
            kernels.attention(
                empty(4, 10),
                empty(4, 10),
                empty(4, 10),
                empty(4, 10),
                intRow(0, 4, 0, 4),
                AttentionForm.bidirectional(3, 1)));
  }

  @Test
  void codesThatDoNotFitAreRefused() {
    PackedMatrix encoder = kernels.allocatePacked(4, 10);
    kernels.pack(encoder, new TestMatrices(1).gaussian(10, 4), Operand.TRANSPOSED);
    FloatMatrix bias = empty(1, 10);
    SparseCodes codes = emptyCodes(2, 3, 10);
    assertRefused(
        "encodeTopK: k is 4, the codes hold 3 of 10 latents; k must be at least 1 and at most both",
        () -> kernels.encodeTopK(codes, empty(2, 4), encoder, bias, 4));
    assertRefused(
        "encodeTopK: codes have 2 rows, the matrix is [5, 4]; rows must be equal",
        () -> kernels.encodeTopK(codes, empty(5, 4), encoder, bias, 2));
    assertRefused(
        "decode: decoder is [11, 4]; it must be [10, 4]",
        () -> kernels.decode(empty(2, 4), codes, empty(11, 4), empty(1, 4)));
    LatentOrder small = new LatentOrder(ints(1, 11), ints(1, 5), 3);
    assertRefused(
        "orderByLatent: codes are [2, 3] over 10 latents, the order has 10 latents, 3 slots a row and room for 5 entries; latents and slots must be equal and the entries must fit",
        () -> kernels.orderByLatent(small, codes));
  }

  @Test
  void termsOfAnotherWidthAreRefused() {
    SparseCodes codes = emptyCodes(2, 3, 10);
    LatentOrder order = TestMatrices.order(codes);
    SparseOuterProduct term = new SparseOuterProduct(order, codes.values(), empty(2, 4));
    assertRefused(
        "sparseGradient: out is [10, 5]; it must be [10, 4]",
        () -> kernels.sparseGradient(empty(10, 5), List.of(term)));
  }

  @Test
  void transformerShapesThatDoNotFitAreRefused() {
    AttentionForm grouped = AttentionForm.causal(4, 2, 1);
    IntMatrix spans = TestMatrices.spans(0, 3, 0, 3);
    assertRefused(
        "attention: k is [3, 8]; it must have 4 columns, as many as its heads",
        () ->
            kernels.attention(empty(3, 8), empty(3, 8), empty(3, 8), empty(3, 8), spans, grouped));
    assertRefused(
        "attention: spans is [1, 3]; it must be [1, 4]",
        () ->
            kernels.attention(
                empty(3, 8), empty(3, 8), empty(3, 4), empty(3, 4), intRow(0, 1, 2), grouped));
    assertRefused(
        "attentionScores: scores is [3, 9] with 4 heads; heads must divide the columns",
        () -> kernels.attentionScores(empty(3, 9), empty(3, 8), empty(3, 4), spans, grouped));
    assertRefused(
        "attentionValues: 4 heads, 3 key/value heads; both must be at least 1 and the second must divide the first",
        () -> kernels.attentionValues(empty(3, 8), empty(3, 12), empty(3, 6), spans, 4, 3));
    assertRefused(
        "rotary: cos is [9, 3] for heads of 4 columns; it must have at most half as many",
        () ->
            kernels.rotary(
                empty(2, 8),
                empty(2, 8),
                intRow(0, 1),
                empty(9, 3),
                empty(9, 3),
                2,
                Rotation.FORWARD));
    assertRefused(
        "norm: scale is [1, 2]; it must be [2, 1]",
        () ->
            kernels.norm(
                empty(2, 3), empty(2, 3), empty(1, 2), empty(1, 3), empty(1, 3), Norm.RMS));
    assertRefused(
        "normScale: epsilon is -1.0; it must not be negative",
        () -> kernels.normScale(empty(2, 1), empty(2, 3), -1, Norm.RMS));
    assertRefused(
        "softCap: cap is 0.0; it must be positive and finite",
        () -> kernels.softCap(empty(2, 3), empty(2, 3), 0));
    assertRefused(
        "crossEntropy: targets is [1, 3]; it must be [1, 2]",
        () -> kernels.crossEntropy(empty(2, 1), empty(2, 5), intRow(0, 1, 2)));
    assertRefused(
        "matmulPackedTransposed: a is [2, 9], b is [8, 0]; a's columns must equal b's columns",
        () ->
            kernels.matmulPackedTransposed(
                empty(2, 8), empty(2, 9), kernels.allocatePacked(8, 16), Write.SET));
  }
}
