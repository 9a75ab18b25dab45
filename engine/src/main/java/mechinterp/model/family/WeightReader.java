package mechinterp.model.family;

import java.io.IOException;
import java.util.List;
import mechinterp.model.Weights;

/** Reads one canonical weight from a tensor of a file, a few rows at a time. */
final class WeightReader {
  private static final int NUMBERS_AT_ONCE = 1 << 18;
  private static final int MOST_OUTPUTS_AT_ONCE = 64;

  private final Weights file;
  private final FileWeight place;

  WeightReader(Weights file, FileWeight place) {
    this.file = file;
    this.place = place;
  }

  /** Returns the numbers of the canonical weight of this shape. */
  float[] read(List<Integer> shape) throws IOException {
    if (place.outputs() instanceof Outputs.All && !place.outputsFirst()) {
      return file.floats(place.tensor());
    }
    if (shape.size() == 1) {
      return vector(shape.getFirst());
    }
    return place.outputsFirst()
        ? transposed(shape.getFirst(), shape.getLast())
        : columns(shape.getFirst(), shape.getLast());
  }

  private float[] vector(int length) throws IOException {
    float[] whole = file.floats(place.tensor());
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = whole[place.outputs().place(i)];
    }
    return values;
  }

  /** The file has [in, all outputs]. */
  private float[] columns(int in, int out) throws IOException {
    int width = place.outputs().inFile(out);
    int rowsAtOnce = Math.max(1, NUMBERS_AT_ONCE / width);
    float[] values = new float[in * out];
    for (int first = 0; first < in; first += rowsAtOnce) {
      int rows = Math.min(rowsAtOnce, in - first);
      float[] piece = file.floats(place.tensor(), first, rows);
      for (int row = 0; row < rows; row++) {
        for (int o = 0; o < out; o++) {
          values[(first + row) * out + o] = piece[row * width + place.outputs().place(o)];
        }
      }
    }
    return values;
  }

  /** The file has [all outputs, in]. */
  private float[] transposed(int in, int out) throws IOException {
    int atOnce = Math.clamp(NUMBERS_AT_ONCE / in, 1, MOST_OUTPUTS_AT_ONCE);
    float[] values = new float[in * out];
    float[] rows = new float[Math.min(atOnce, out) * in];
    for (int first = 0; first < out; first += atOnce) {
      int count = Math.min(atOnce, out - first);
      readOutputs(rows, first, count, in);
      for (int i = 0; i < in; i++) {
        for (int o = 0; o < count; o++) {
          values[i * out + first + o] = rows[o * in + i];
        }
      }
    }
    return values;
  }

  /** Copies the file's rows of outputs {@code first} on; those that follow each other at once. */
  private void readOutputs(float[] to, int first, int count, int in) throws IOException {
    for (int done = 0; done < count; ) {
      int row = place.outputs().place(first + done);
      int run = 1;
      while (done + run < count && place.outputs().place(first + done + run) == row + run) {
        run++;
      }
      System.arraycopy(file.floats(place.tensor(), row, run), 0, to, done * in, run * in);
      done += run;
    }
  }
}
