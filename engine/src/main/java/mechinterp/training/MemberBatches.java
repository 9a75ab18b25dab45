package mechinterp.training;

import mechinterp.activation.ActivationBatches;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;

/** Some columns of activations of several hook points, for a member of a sweep. */
final class MemberBatches implements ActivationBatches {
  private final ActivationBatches all;
  private final Device device;
  private final SweepMember member;
  private final FloatMatrix wide;

  /**
   * Takes a member's columns.
   *
   * @param wide rows of all columns, overwritten [rows, columns of {@code all}]
   */
  MemberBatches(ActivationBatches all, Device device, SweepMember member, FloatMatrix wide) {
    this.all = all;
    this.device = device;
    this.member = member;
    this.wide = wide;
  }

  @Override
  public int dIn() {
    return member.sae().rowWidth();
  }

  @Override
  public void next(FloatMatrix batch) {
    for (int from = 0; from < batch.rows(); from += wide.rows()) {
      int to = Math.min(batch.rows(), from + wide.rows());
      FloatMatrix rows = wide.rowRange(0, to - from);
      all.next(rows);
      device.kernels().copy(batch.rowRange(from, to), member.columnsOf(rows));
    }
  }

  @Override
  public String identity() {
    return all.identity();
  }

  @Override
  public long position() {
    return all.position();
  }

  @Override
  public void seek(long position) {
    all.seek(position);
  }
}
