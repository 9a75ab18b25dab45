package mechinterp.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import mechinterp.cuda.simulator.LaunchOrder;
import mechinterp.cuda.simulator.driver.SimulatedGpu;
import mechinterp.kernel.ActivationFunction;
import mechinterp.kernel.CoreKernels;
import mechinterp.kernel.Norm;
import mechinterp.kernel.Operand;
import mechinterp.kernel.PackedMatrix;
import mechinterp.kernel.Write;
import mechinterp.tensor.FloatMatrix;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The GPU's kernels beside the scalar reference: on the simulator, behind the bindings, blocks in
 * falling order, all work as late as can be.
 */
class CudaKernelsTest {
  private static final double NEARLY = 1e-5;

  private final Twins twins = new Twins(SimulatedGpu.ofMebibytes(8).withOrder(LaunchOrder.REVERSE));
  private final CoreKernels cpu = twins.cpu.kernels();
  private final CoreKernels gpu = twins.gpu.kernels();

  @AfterEach
  void closeAndLookForLeaks() {
    twins.close();
    assertEquals(List.of(), twins.driver.leaks());
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "5,31,3", "17,2,65", "3,4,0"})
  void everyFormOfTheProduct(int m, int n, int k) {
    for (Operand asA : Operand.values()) {
      for (Operand asB : Operand.values()) {
        for (Write write : Write.values()) {
          Twins.Floats out = twins.gaussian(m, n);
          Twins.Floats a = asA == Operand.AS_IS ? twins.gaussian(m, k) : twins.gaussian(k, m);
          Twins.Floats b = asB == Operand.AS_IS ? twins.gaussian(k, n) : twins.gaussian(n, k);
          cpu.matmul(out.onCpu(), a.onCpu(), asA, b.onCpu(), asB, write);
          gpu.matmul(out.onGpu(), a.onGpu(), asA, b.onGpu(), asB, write);
          twins.assertClose(out, NEARLY);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Operand.class)
  void productsWithPackedFactors(Operand asB) {
    int rows = 7;
    int cols = 33;
    Twins.Floats b = asB == Operand.AS_IS ? twins.gaussian(rows, cols) : twins.gaussian(cols, rows);
    PackedMatrix onCpu = cpu.allocatePacked(rows, cols + 2);
    PackedMatrix onGpu = gpu.allocatePacked(rows, cols + 2);
    cpu.pack(onCpu, b.onCpu(), asB);
    gpu.pack(onGpu, b.onGpu(), asB);
    assertEquals(onCpu.cols(), onGpu.cols());
    assertEquals(4L * rows * (cols + 2), gpu.packedBytes(rows, cols + 2));

    Twins.Floats a = twins.gaussian(5, rows);
    Twins.Floats product = twins.gaussian(5, cols);
    cpu.matmulPacked(product.onCpu(), a.onCpu(), onCpu);
    gpu.matmulPacked(product.onGpu(), a.onGpu(), onGpu);
    twins.assertClose(product, NEARLY);
    cpu.matmulPackedTransposed(a.onCpu(), product.onCpu(), onCpu, Write.ADD);
    gpu.matmulPackedTransposed(a.onGpu(), product.onGpu(), onGpu, Write.ADD);
    twins.assertClose(a, NEARLY);

    Twins.Floats first = twins.gaussian(5, 4);
    PackedMatrix fewOnCpu = onCpu.firstColumns(4);
    PackedMatrix fewOnGpu = onGpu.firstColumns(4);
    Twins.Floats weights = twins.gaussian(9, rows);
    Twins.Ints ids = twins.ints(8, 0, 3, 3, 1);
    cpu.packRows(onCpu, weights.onCpu(), ids.onCpu());
    gpu.packRows(onGpu, weights.onGpu(), ids.onGpu());
    cpu.matmulPacked(first.onCpu(), a.onCpu(), fewOnCpu);
    gpu.matmulPacked(first.onGpu(), a.onGpu(), fewOnGpu);
    twins.assertClose(first, NEARLY);
    assertThrows(IllegalArgumentException.class, () -> onGpu.firstColumns(6));
  }

  @ParameterizedTest
  @CsvSource({"1,1", "3,85", "257,1"})
  void elementwiseArithmetic(int rows, int cols) {
    Twins.Floats a = twins.gaussian(rows, cols);
    Twins.Floats b = twins.gaussian(rows, cols);
    Twins.Floats row = twins.row(cols);
    Twins.Floats out = twins.gaussian(rows, cols);
    cpu.add(out.onCpu(), a.onCpu(), b.onCpu());
    gpu.add(out.onGpu(), a.onGpu(), b.onGpu());
    twins.assertClose(out, 0);
    cpu.subtract(out.onCpu(), out.onCpu(), b.onCpu());
    gpu.subtract(out.onGpu(), out.onGpu(), b.onGpu());
    twins.assertClose(out, 0);
    cpu.multiply(out.onCpu(), out.onCpu(), a.onCpu());
    gpu.multiply(out.onGpu(), out.onGpu(), a.onGpu());
    twins.assertClose(out, 0);
    cpu.addScaled(out.onCpu(), a.onCpu(), 0.3f);
    gpu.addScaled(out.onGpu(), a.onGpu(), 0.3f);
    twins.assertClose(out, NEARLY);
    cpu.addRow(out.onCpu(), out.onCpu(), row.onCpu(), -2);
    gpu.addRow(out.onGpu(), out.onGpu(), row.onGpu(), -2);
    twins.assertClose(out, NEARLY);
    cpu.multiplyRow(a.onCpu(), b.onCpu(), row.onCpu());
    gpu.multiplyRow(a.onGpu(), b.onGpu(), row.onGpu());
    twins.assertClose(a, 0);
    cpu.scale(b.onCpu(), a.onCpu(), 1.7f);
    gpu.scale(b.onGpu(), a.onGpu(), 1.7f);
    twins.assertClose(b, 0);
    cpu.copy(out.onCpu(), b.onCpu());
    gpu.copy(out.onGpu(), b.onGpu());
    twins.assertClose(out, 0);
    cpu.fill(out.onCpu(), 4);
    gpu.fill(out.onGpu(), 4);
    twins.assertClose(out, 0);
  }

  @Test
  void rowsOfATable() {
    Twins.Floats table = twins.gaussian(6, 5);
    Twins.Floats out = twins.gaussian(4, 5);
    Twins.Ints ids = twins.ints(5, 0, 0, 3);
    cpu.gatherRows(out.onCpu(), table.onCpu(), ids.onCpu());
    gpu.gatherRows(out.onGpu(), table.onGpu(), ids.onGpu());
    twins.assertClose(out, 0);
  }

  @ParameterizedTest
  @EnumSource(ActivationFunction.class)
  void activationFunctionsAndTheirGradients(ActivationFunction f) {
    Twins.Floats x = twins.gaussian(3, 29);
    Twins.Floats dy = twins.gaussian(3, 29);
    Twins.Floats out = twins.gaussian(3, 29);
    cpu.activate(out.onCpu(), x.onCpu(), f);
    gpu.activate(out.onGpu(), x.onGpu(), f);
    twins.assertClose(out, 2e-6);
    cpu.activateBackward(dy.onCpu(), dy.onCpu(), x.onCpu(), f);
    gpu.activateBackward(dy.onGpu(), dy.onGpu(), x.onGpu(), f);
    twins.assertClose(dy, 5e-6);
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void norms(Norm norm) {
    for (int cols : new int[] {2, 31, 300}) {
      Twins.Floats x = twins.gaussian(3, cols);
      Twins.Floats scale = twins.gaussian(3, 1);
      Twins.Floats gain = twins.row(cols);
      Twins.Floats bias = twins.row(cols);
      cpu.normScale(scale.onCpu(), x.onCpu(), 1e-5f, norm);
      gpu.normScale(scale.onGpu(), x.onGpu(), 1e-5f, norm);
      twins.assertClose(scale, NEARLY);
      cpu.norm(x.onCpu(), x.onCpu(), scale.onCpu(), gain.onCpu(), bias.onCpu(), norm);
      gpu.norm(x.onGpu(), x.onGpu(), scale.onGpu(), gain.onGpu(), bias.onGpu(), norm);
      twins.assertClose(x, NEARLY);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "3,31", "2,300"})
  void softmaxAndItsGradient(int rows, int cols) {
    Twins.Floats x = twins.gaussian(rows, cols);
    Twins.Floats dy = twins.gaussian(rows, cols);
    cpu.softmax(x.onCpu(), x.onCpu());
    gpu.softmax(x.onGpu(), x.onGpu());
    twins.assertClose(x, 1e-6);
    cpu.softmaxBackward(dy.onCpu(), dy.onCpu(), x.onCpu());
    gpu.softmaxBackward(dy.onGpu(), dy.onGpu(), x.onGpu());
    twins.assertClose(dy, 1e-6);
  }

  @ParameterizedTest
  @CsvSource({"4,37,5,5,0", "4,37,5,7,2", "3,300,300,300,0", "2,9,1,1,1"})
  void aTopKAutoencoder(int rows, int latents, int k, int capacity, int margin) {
    Twins.Floats x = twins.halves(rows, 6);
    Twins.Floats weights = twins.halves(6, latents);
    Twins.Floats bias = twins.halves(1, latents);
    Twins.Floats decoder = twins.gaussian(latents, 6);
    Twins.Floats decoderBias = twins.row(6);
    PackedMatrix onCpu = cpu.allocatePacked(6, latents);
    PackedMatrix onGpu = gpu.allocatePacked(6, latents);
    cpu.pack(onCpu, weights.onCpu(), Operand.AS_IS);
    gpu.pack(onGpu, weights.onGpu(), Operand.AS_IS);
    Twins.Codes codes = twins.codes(rows, capacity, latents, margin);
    cpu.encodeTopK(codes.onCpu(), x.onCpu(), onCpu, bias.onCpu(), k);
    gpu.encodeTopK(codes.onGpu(), x.onGpu(), onGpu, bias.onGpu(), k);
    twins.assertClose(codes, 0);

    Twins.Floats out = twins.gaussian(rows, 6);
    cpu.decode(out.onCpu(), codes.onCpu(), decoder.onCpu(), decoderBias.onCpu());
    gpu.decode(out.onGpu(), codes.onGpu(), decoder.onGpu(), decoderBias.onGpu());
    twins.assertClose(out, NEARLY);
    Twins.Floats gradients = twins.gaussian(rows, capacity);
    cpu.codeGradients(gradients.onCpu(), codes.onCpu(), x.onCpu(), decoder.onCpu());
    gpu.codeGradients(gradients.onGpu(), codes.onGpu(), x.onGpu(), decoder.onGpu());
    twins.assertClose(gradients, NEARLY);
  }

  @Test
  void encodingInPiecesGivesTheSame() {
    CoreKernels narrow = new CudaKernels(twins.gpu.work(), 2 * 20);
    Twins.Floats x = twins.halves(5, 3);
    Twins.Floats weights = twins.halves(3, 20);
    Twins.Floats bias = twins.halves(1, 20);
    PackedMatrix onCpu = cpu.allocatePacked(3, 20);
    PackedMatrix onGpu = gpu.allocatePacked(3, 20);
    cpu.pack(onCpu, weights.onCpu(), Operand.AS_IS);
    gpu.pack(onGpu, weights.onGpu(), Operand.AS_IS);
    Twins.Codes codes = twins.codes(5, 4, 20, 0);
    cpu.encodeTopK(codes.onCpu(), x.onCpu(), onCpu, bias.onCpu(), 4);
    narrow.encodeTopK(codes.onGpu(), x.onGpu(), onGpu, bias.onGpu(), 4);
    twins.assertClose(codes, 0);
  }

  @Test
  void nothingIsDoneToMatricesWithoutNumbers() {
    FloatMatrix none = twins.gpu.floats(0, 5);
    int calls = twins.driver.calls().size();
    gpu.fill(none, 1);
    gpu.softmax(none, none);
    gpu.matmul(none, none, Operand.AS_IS, twins.gpu.floats(5, 5), Operand.AS_IS, Write.SET);
    assertEquals(
        0,
        IntStream.range(calls, twins.driver.calls().size())
            .filter(i -> twins.driver.calls().get(i).contains("Launch"))
            .count());
  }

  @Test
  void shapesAreChecked() {
    IllegalArgumentException wrong =
        assertThrows(
            IllegalArgumentException.class,
            () -> gpu.add(twins.gpu.floats(2, 3), twins.gpu.floats(2, 3), twins.gpu.floats(3, 2)));
    assertTrue(String.valueOf(wrong.getMessage()).startsWith("add: "), wrong::getMessage);
  }
}
