package mechinterp.model;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import mechinterp.device.Device;
import mechinterp.tensor.FloatMatrix;

/** Edits and captures of one pass, forward or backward. */
final class RunHooks implements Hooks {
  private final Device device;
  private final TokenBatch batch;
  private final Map<HookPoint, Edit> edits;
  private final Set<HookPoint> missing;
  private final boolean toTheEnd;
  private final Map<HookPoint, FloatMatrix> captured = new HashMap<>();

  /**
   * Starts with nothing captured.
   *
   * @param toTheEnd whether what the pass ends with is wanted too
   */
  RunHooks(
      Device device,
      TokenBatch batch,
      Set<HookPoint> captures,
      Map<HookPoint, Edit> edits,
      boolean toTheEnd) {
    this.device = device;
    this.batch = batch;
    this.edits = edits;
    this.missing = new HashSet<>(captures);
    this.toTheEnd = toTheEnd;
  }

  @Override
  public void at(HookPoint point, FloatMatrix activation) {
    if (finished()) {
      return;
    }
    edit(point, activation);
    if (missing.remove(point)) {
      captured.put(point, copy(activation));
    }
  }

  @Override
  public void edit(HookPoint point, FloatMatrix beside) {
    Edit edit = edits.get(point);
    if (edit != null) {
      edit.apply(beside, batch);
    }
  }

  @Override
  public boolean wants(HookPoint point) {
    return !finished() && (edits.containsKey(point) || missing.contains(point));
  }

  @Override
  public boolean edits(HookPoint point) {
    return !finished() && edits.containsKey(point);
  }

  @Override
  public boolean finished() {
    return !toTheEnd && missing.isEmpty();
  }

  Map<HookPoint, FloatMatrix> captured() {
    return captured;
  }

  private FloatMatrix copy(FloatMatrix activation) {
    FloatMatrix copy = device.floats(activation.rows(), activation.cols());
    device.kernels().copy(copy, activation);
    return copy;
  }
}
