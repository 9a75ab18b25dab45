package mechinterp.device.cuda;

import java.util.List;
import mechinterp.cuda.KernelFamily;
import mechinterp.kernel.CodeKernels;
import mechinterp.kernel.PenaltyShape;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.IntMatrix;
import mechinterp.tensor.SparseCodes;

/** Arithmetic on the slots of codes. */
final class CudaCodes implements CodeKernels {
  private final Launches launches;
  private final CudaWork work;
  private final CudaElements elements;

  CudaCodes(Launches launches, CudaElements elements) {
    this.launches = launches;
    this.work = launches.work();
    this.elements = elements;
  }

  private static LaunchArguments addCodes(LaunchArguments arguments, GpuCodes codes) {
    return arguments.add(codes.indices()).add(codes.values()).add(codes.counts());
  }

  private static LaunchArguments addShape(LaunchArguments arguments, PenaltyShape phi) {
    return switch (phi) {
      case PenaltyShape.Linear() -> arguments.add(0).add(0f).add(0f);
      case PenaltyShape.Power(double exponent, double epsilon) ->
          arguments.add(1).add((float) exponent).add((float) epsilon);
      case PenaltyShape.Tanh(double scale) -> arguments.add(2).add((float) scale).add(0f);
    };
  }

  private void slots(String kernel, SparseCodes codes, LaunchArguments arguments) {
    launches.elements(KernelFamily.CODES, kernel, codes.rows(), codes.capacity(), arguments);
  }

  @Override
  public void penalties(FloatMatrix sums, SparseCodes codes, FloatMatrix norms, PenaltyShape phi) {
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments =
          addCodes(new LaunchArguments().add(sums), in).add(codes.capacity()).add(norms);
      launches.warpRows(KernelFamily.CODES, "penalties", codes.rows(), addShape(arguments, phi));
    }
  }

  @Override
  public void penaltyGradients(
      FloatMatrix byCode,
      FloatMatrix byRow,
      SparseCodes codes,
      FloatMatrix norms,
      PenaltyShape phi,
      float factor) {
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments =
          addCodes(new LaunchArguments().add(byCode).add(byRow), in).add(norms);
      slots("penalty_gradients", codes, addShape(arguments, phi).add(factor));
    }
  }

  @Override
  public void scaleSlots(
      FloatMatrix out, SparseCodes codes, FloatMatrix x, FloatMatrix scales, float shift) {
    try (GpuCodes in = GpuCodes.read(work, codes)) {
      LaunchArguments arguments =
          new LaunchArguments()
              .add(out)
              .add(x)
              .add(in.indices())
              .add(in.counts())
              .add(scales)
              .add(shift);
      slots("scale_slots", codes, arguments);
    }
  }

  @Override
  public void splitAtThresholds(
      SparseCodes band, SparseCodes codes, FloatMatrix thresholds, float width) {
    try (GpuCodes kept = GpuCodes.read(work, codes);
        GpuCodes near = GpuCodes.write(work, band)) {
      LaunchArguments arguments =
          addCodes(addCodes(new LaunchArguments(), near), kept)
              .add(codes.capacity())
              .add(thresholds)
              .add(width);
      launches.warpRows(KernelFamily.CODES, "split_at_thresholds", codes.rows(), arguments);
      near.finish();
      kept.finish();
    }
  }

  @Override
  public void affine(SparseCodes out, SparseCodes codes, FloatMatrix scales, FloatMatrix shifts) {
    try (GpuCodes from = GpuCodes.read(work, codes);
        GpuCodes to = GpuCodes.write(work, out)) {
      LaunchArguments arguments =
          addCodes(addCodes(new LaunchArguments(), to), from)
              .add(codes.capacity())
              .add(scales)
              .add(shifts);
      launches.warpRows(KernelFamily.CODES, "affine", codes.rows(), arguments);
      to.finish();
    }
  }

  @Override
  public void scatter(SparseCodes out, SparseCodes codes, IntMatrix rows, int firstLatent) {
    try (GpuCodes to = GpuCodes.read(work, out)) {
      place(to, out, codes, DeviceNumbers.address(rows), firstLatent, false);
      to.finish();
    }
  }

  @Override
  public void concatenate(SparseCodes out, List<SparseCodes> parts) {
    try (GpuCodes to = GpuCodes.write(work, out)) {
      int before = 0;
      boolean append = false;
      for (SparseCodes part : parts) {
        place(to, out, part, 0, before, append);
        before += part.latents();
        append = true;
      }
      to.finish();
    }
  }

  /**
   * Brings codes to rows of others.
   *
   * @param rows where the rows' numbers are; 0 for the same rows
   * @param append behind what the rows have
   */
  private void place(
      GpuCodes to, SparseCodes out, SparseCodes codes, long rows, int firstLatent, boolean append) {
    try (GpuCodes from = GpuCodes.read(work, codes)) {
      LaunchArguments arguments = addCodes(new LaunchArguments(), to).add(out.capacity());
      addCodes(arguments, from)
          .add(codes.capacity())
          .add(rows)
          .add(firstLatent)
          .add(append ? 1 : 0);
      launches.warpRows(KernelFamily.CODES, "place_codes", codes.rows(), arguments);
    }
  }

  @Override
  public void scaleRows(FloatMatrix out, FloatMatrix x, FloatMatrix factors) {
    elements.scaleRows(out, x, factors);
  }
}
