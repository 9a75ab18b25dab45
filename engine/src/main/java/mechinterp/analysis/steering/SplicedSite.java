package mechinterp.analysis.steering;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * @param outs what is replaced: the same, but of transcoders another hook point, and of a layer of
 *     a cross-layer transcoder those of this layer and of all later ones, for which its decoder's
 *     columns stand side by side
 */
record SplicedSite(
    HookPoint in, List<HookPoint> outs, Sae sae, ErrorTerm error, List<PlacedChange> changes) {
  /** Rows at once: of some kinds any number of latents may be active. */
  private static final int CHUNK = 128;

  SplicedSite {
    outs = List.copyOf(outs);
    changes = List.copyOf(changes);
  }

  /** Returns the first of what is replaced. */
  HookPoint out() {
    return outs.getFirst();
  }

  SplicedSite with(PlacedChange change) {
    List<PlacedChange> more = new ArrayList<>(changes);
    more.add(change);
    return new SplicedSite(in, outs, sae, error, more);
  }

  /** Adds this site's edits, which belong to one run at a time, behind others of the same place. */
  void addTo(Map<HookPoint, Edit> edits, Transformer model) {
    if (in.equals(out())) {
      edits.merge(
          in,
          (activation, batch) ->
              parts(activation, batch, model).forEach(part -> write(activation, 0, part)),
          Edit::then);
      return;
    }
    List<FloatMatrix> encoded = new ArrayList<>();
    List<Part> parts = new ArrayList<>();
    edits.merge(
        in,
        (activation, _) -> {
          encoded.clear();
          encoded.add(copy(activation));
        },
        Edit::then);
    for (int i = 0; i < outs.size(); i++) {
      int place = i;
      edits.merge(
          outs.get(i),
          (activation, batch) -> {
            if (place == 0) {
              parts.clear();
              encoded.forEach(inputs -> parts.addAll(parts(inputs, batch, model)));
              encoded.clear();
            }
            parts.forEach(part -> write(activation, place, part));
          },
          Edit::then);
    }
  }

  private FloatMatrix copy(FloatMatrix activation) {
    FloatMatrix copy = sae.device().floats(activation.rows(), activation.cols());
    sae.device().kernels().copy(copy, activation);
    return copy;
  }

  /**
   * What some rows get.
   *
   * @param first the first of them
   * @param made with the error kept what is added, otherwise what the autoencoder makes
   */
  private record Part(int first, FloatMatrix made) {}

  private List<Part> parts(FloatMatrix inputs, TokenBatch batch, Transformer model) {
    List<Part> parts = new ArrayList<>();
    for (TextRows rows : TextRows.of(model.tokenizer(), batch)) {
      for (int from = rows.from(); from < rows.to(); from += CHUNK) {
        int to = Math.min(rows.to(), from + CHUNK);
        int first = from;
        made(inputs.rowRange(from, to), batch, from)
            .ifPresent(made -> parts.add(new Part(first, made)));
      }
    }
    return parts;
  }

  /** Returns nothing where nothing is changed. */
  private Optional<FloatMatrix> made(FloatMatrix inputs, TokenBatch batch, int first) {
    boolean changed = changes.stream().anyMatch(change -> touches(change, batch, first, inputs));
    if (!changed && error == ErrorTerm.KEPT) {
      return Optional.empty();
    }
    Device device = sae.device();
    SparseCodes codes = sae.newCodes(inputs.rows());
    sae.encode(codes, inputs);
    FloatMatrix plain = device.floats(inputs.rows(), sae.dOut());
    sae.reconstruct(plain, codes, inputs);
    FloatMatrix steered = plain;
    if (changed) {
      steered = device.floats(inputs.rows(), sae.dOut());
      sae.reconstruct(steered, changed(codes, batch, first), inputs);
    }
    if (error == ErrorTerm.KEPT) {
      device.kernels().subtract(steered, steered, plain);
    }
    return Optional.of(steered);
  }

  /** What is made at later places is added to what is made there of inputs nearby. */
  private void write(FloatMatrix activation, int place, Part part) {
    Kernels kernels = sae.device().kernels();
    int width = activation.cols();
    FloatMatrix made = part.made().columnRange(place * width, (place + 1) * width);
    FloatMatrix target = activation.rowRange(part.first(), part.first() + made.rows());
    if (error == ErrorTerm.KEPT || place > 0) {
      kernels.add(target, target, made);
    } else {
      kernels.copy(target, made);
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
