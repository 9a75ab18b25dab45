package mechinterp.model.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import mechinterp.device.Device;
import mechinterp.io.SafetensorsFile;
import mechinterp.tensor.FloatMatrix;

/**
 * What transformers computes with a model, to hold matrices against. The measure of a difference is
 * the largest one of the matrix over the largest number of the reference.
 */
final class Reference implements AutoCloseable {
  private final GoldenModel model;
  private final SafetensorsFile file;

  Reference(GoldenModel model) throws IOException {
    this.model = model;
    this.file = model.expected();
  }

  /** Returns the names of what there is that begin with {@code prefix}, without it. */
  List<String> names(String prefix) {
    return file.tensors().stream()
        .filter(name -> name.startsWith(prefix))
        .map(name -> name.substring(prefix.length()))
        .toList();
  }

  /** Returns a tensor's numbers. */
  float[] floats(String name) throws IOException {
    return file.floats(name);
  }

  /** Returns the largest number of a tensor, without its sign. */
  double largest(String name) throws IOException {
    double largest = 0;
    for (float value : floats(name)) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  /** Asserts that a matrix is within {@code tolerance} of the reference. */
  void assertClose(String name, FloatMatrix found, Device device, double tolerance)
      throws IOException {
    assertClose(name, found, device, tolerance, 0);
  }

  /**
   * Asserts that a matrix is within {@code tolerance} of the reference.
   *
   * @param least the difference is over this number where the reference's largest is smaller
   */
  void assertClose(String name, FloatMatrix found, Device device, double tolerance, double least)
      throws IOException {
    float[] expected = floats(name);
    float[] values = device.toHost(found);
    assertEquals(expected.length, values.length, () -> model + ": size of " + name);
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      // Not Math.max alone: a number that is none must not pass.
      double here = Math.abs((double) values[i] - expected[i]);
      difference = here >= difference || Double.isNaN(here) ? here : difference;
    }
    double relative = difference / Math.max(largest(name), least);
    assertTrue(
        relative <= tolerance,
        () -> "%s: %s differs by %.2g of the largest number".formatted(model, name, relative));
  }

  @Override
  public void close() {
    file.close();
  }
}
