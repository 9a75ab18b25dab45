package mechinterp.kernel;

import java.util.List;
import java.util.function.IntConsumer;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/** {@link CodeKernels}, token by token: nothing here for vectors to do. */
final class CodeLoops implements CodeKernels {
  private final Rows rows;

  /** Who does the tokens. */
  @FunctionalInterface
  interface Rows {
    /** Does {@code work} for the rows 0 to {@code rows - 1}. */
    void run(int rows, IntConsumer work);
  }

  CodeLoops(Rows rows) {
    this.rows = rows;
  }

  @Override
  public void penalties(FloatMatrix sums, SparseCodes codes, FloatMatrix norms, PenaltyShape phi) {
    Elements norm = new Elements(norms);
    Elements to = new Elements(sums);
    rows.run(
        codes.rows(),
        t -> {
          CodeRow row = new CodeRow(codes, t);
          double sum = 0;
          for (int slot = 0; slot < row.before(); slot++) {
            sum += phi.value((double) row.value(slot) * norm.get(row.latent(slot), 0));
          }
          to.write(t, 0, (float) sum, Write.SET);
        });
  }

  @Override
  public void penaltyGradients(
      FloatMatrix byCode,
      FloatMatrix byRow,
      SparseCodes codes,
      FloatMatrix norms,
      PenaltyShape phi,
      float factor) {
    Elements norm = new Elements(norms);
    Elements ofCode = new Elements(byCode);
    Elements ofRow = new Elements(byRow);
    rows.run(
        codes.rows(),
        t -> {
          CodeRow row = new CodeRow(codes, t);
          for (int slot = 0; slot < row.before(); slot++) {
            double f = row.value(slot);
            double length = norm.get(row.latent(slot), 0);
            double slope = factor * phi.slope(f * length);
            ofCode.write(t, slot, (float) (slope * length), Write.ADD);
            ofRow.write(t, slot, (float) (length == 0 ? 0 : slope * f / length), Write.SET);
          }
        });
  }

  @Override
  public void scaleSlots(
      FloatMatrix out, SparseCodes codes, FloatMatrix x, FloatMatrix scales, float shift) {
    Elements scale = new Elements(scales);
    Elements from = new Elements(x);
    Elements to = new Elements(out);
    rows.run(
        codes.rows(),
        t -> {
          CodeRow row = new CodeRow(codes, t);
          for (int slot = 0; slot < row.before(); slot++) {
            float value = scale.get(row.latent(slot), 0) * from.get(t, slot) + shift;
            to.write(t, slot, value, Write.SET);
          }
        });
  }

  @Override
  public void splitAtThresholds(
      SparseCodes band, SparseCodes codes, FloatMatrix thresholds, float width) {
    Elements threshold = new Elements(thresholds);
    rows.run(
        codes.rows(),
        t -> {
          CodeRow active = new CodeRow(codes, t);
          CodeRow near = new CodeRow(band, t);
          for (int slot = 0; slot < active.before(); slot++) {
            int latent = active.latent(slot);
            float z = active.value(slot);
            boolean isActive = z > threshold.get(latent, 0);
            if (Math.abs(z - threshold.get(latent, 0)) < width / 2) {
              near.add(latent, isActive ? z : 0);
            }
            if (isActive) {
              active.add(latent, z);
            }
          }
          active.end();
          near.end();
        });
  }

  @Override
  public void affine(SparseCodes out, SparseCodes codes, FloatMatrix scales, FloatMatrix shifts) {
    Elements scale = new Elements(scales);
    Elements shift = new Elements(shifts);
    rows.run(
        codes.rows(),
        t -> {
          CodeRow from = new CodeRow(codes, t);
          CodeRow to = new CodeRow(out, t);
          for (int slot = 0; slot < from.before(); slot++) {
            int latent = from.latent(slot);
            float value = from.value(slot) * scale.get(latent, 0) + shift.get(latent, 0);
            if (value > 0) {
              to.add(latent, value);
            }
          }
          to.end();
        });
  }

  @Override
  public void scatter(SparseCodes out, SparseCodes codes, IntMatrix rowsOfOut, int firstLatent) {
    rows.run(
        codes.rows(),
        j -> {
          CodeRow from = new CodeRow(codes, j);
          CodeRow to = new CodeRow(out, HostMemory.intAt(rowsOfOut, 0, j));
          for (int slot = 0; slot < from.before(); slot++) {
            to.add(firstLatent + from.latent(slot), from.value(slot));
          }
          to.end();
        });
  }

  @Override
  public void concatenate(SparseCodes out, List<SparseCodes> parts) {
    rows.run(
        out.rows(),
        t -> {
          CodeRow to = new CodeRow(out, t);
          int before = 0;
          for (SparseCodes part : parts) {
            CodeRow from = new CodeRow(part, t);
            for (int slot = 0; slot < from.before(); slot++) {
              to.add(before + from.latent(slot), from.value(slot));
            }
            before += part.latents();
          }
          to.end();
        });
  }

  @Override
  public void scaleRows(FloatMatrix out, FloatMatrix x, FloatMatrix factors) {
    Elements factor = new Elements(factors);
    Elements from = new Elements(x);
    Elements to = new Elements(out);
    rows.run(
        x.rows(),
        t -> {
          for (int j = 0; j < x.cols(); j++) {
            to.set(t, j, factor.get(t, 0) * from.get(t, j));
          }
        });
  }
}
