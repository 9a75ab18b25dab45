package mechinterp.analysis.steering;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import mechinterp.device.Device;
import mechinterp.kernel.Kernels;
import mechinterp.metrics.TextRows;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * An autoencoder in a model, or a transcoder beside a part of one, with changes of its latents.
 *
 * @param in what is encoded
 * @param out what is replaced; the same but for transcoders
 */
record SplicedSite(
    HookPoint in, HookPoint out, Sae sae, ErrorTerm error, List<PlacedChange> changes) {
  /** Rows at once: of some kinds any number of latents may be active. */
  private static final int CHUNK = 128;

  SplicedSite {
    changes = List.copyOf(changes);
  }

  SplicedSite with(PlacedChange change) {
    List<PlacedChange> more = new ArrayList<>(changes);
    more.add(change);
    return new SplicedSite(in, out, sae, error, more);
  }

  /** Adds this site's edits, which belong to one run at a time, behind others of the same place. */
  void addTo(Map<HookPoint, Edit> edits, Transformer model) {
    if (in.equals(out)) {
      edits.merge(
          out, (activation, batch) -> apply(activation, activation, batch, model), Edit::then);
      return;
    }
    Map<HookPoint, FloatMatrix> encoded = new HashMap<>();
    edits.merge(in, (activation, _) -> encoded.put(in, copy(activation)), Edit::then);
    edits.merge(
        out,
        (activation, batch) -> {
          FloatMatrix inputs = encoded.remove(in);
          if (inputs != null) {
            apply(activation, inputs, batch, model);
          }
        },
        Edit::then);
  }

  private FloatMatrix copy(FloatMatrix activation) {
    FloatMatrix copy = sae.device().floats(activation.rows(), activation.cols());
    sae.device().kernels().copy(copy, activation);
    return copy;
  }

  private void apply(FloatMatrix target, FloatMatrix inputs, TokenBatch batch, Transformer model) {
    for (TextRows rows : TextRows.of(model.tokenizer(), batch)) {
      for (int from = rows.from(); from < rows.to(); from += CHUNK) {
        int to = Math.min(rows.to(), from + CHUNK);
        apply(target.rowRange(from, to), inputs.rowRange(from, to), batch, from);
      }
    }
  }

  private void apply(FloatMatrix target, FloatMatrix inputs, TokenBatch batch, int first) {
    boolean changed = changes.stream().anyMatch(change -> touches(change, batch, first, inputs));
    if (!changed && error == ErrorTerm.KEPT) {
      return;
    }
    Device device = sae.device();
    Kernels kernels = device.kernels();
    SparseCodes codes = sae.newCodes(inputs.rows());
    sae.encode(codes, inputs);
    FloatMatrix plain = device.floats(target.rows(), target.cols());
    sae.reconstruct(plain, codes, inputs);
    FloatMatrix steered = plain;
    if (changed) {
      steered = device.floats(target.rows(), target.cols());
      sae.reconstruct(steered, changed(codes, batch, first), inputs);
    }
    switch (error) {
      case KEPT -> {
        kernels.subtract(steered, steered, plain);
        kernels.add(target, target, steered);
      }
      case DROPPED -> kernels.copy(target, steered);
    }
  }

  private static boolean touches(
      PlacedChange change, TokenBatch batch, int first, FloatMatrix rows) {
    for (int row = 0; row < rows.rows(); row++) {
      if (change.positions().contains(batch.position(first + row))) {
        return true;
      }
    }
    return false;
  }

  /** Returns the codes with the changes of each row made, one after the other. */
  private SparseCodes changed(SparseCodes codes, TokenBatch batch, int first) {
    Device device = sae.device();
    int[] counts = device.toHost(codes.counts());
    int[] indices = device.toHost(codes.indices());
    float[] values = device.toHost(codes.values());
    int capacity = Math.min(codes.capacity() + changes.size(), sae.dSae());
    int[] newCounts = new int[counts.length];
    int[] newIndices = new int[counts.length * capacity];
    float[] newValues = new float[newIndices.length];
    for (int row = 0; row < counts.length; row++) {
      TreeMap<Integer, Float> active = new TreeMap<>();
      for (int i = row * codes.capacity(); i < row * codes.capacity() + counts[row]; i++) {
        active.put(indices[i], values[i]);
      }
      change(active, batch.position(first + row));
      for (Map.Entry<Integer, Float> entry : active.entrySet()) {
        newIndices[row * capacity + newCounts[row]] = entry.getKey();
        newValues[row * capacity + newCounts[row]] = entry.getValue();
        newCounts[row]++;
      }
    }
    return new SparseCodes(
        device.matrix(counts.length, capacity, newIndices),
        device.matrix(counts.length, capacity, newValues),
        device.matrix(counts.length, 1, newCounts),
        sae.dSae());
  }

  private void change(TreeMap<Integer, Float> active, int position) {
    for (PlacedChange placed : changes) {
      if (placed.positions().contains(position)) {
        int latent = placed.change().latent();
        float value = placed.change().of(active.getOrDefault(latent, 0f));
        if (value == 0) {
          active.remove(latent);
        } else {
          active.put(latent, value);
        }
      }
    }
  }
}
