package mechinterp.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.model.Edit;
import mechinterp.model.HookPoint;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.sae.CrossLayerTranscoder;
import mechinterp.sae.Sae;
import mechinterp.tensor.FloatMatrix;
import mechinterp.tensor.SparseCodes;

/**
 * The edits of one run in which transcoders stand for parts of a model: what one encodes is seen
 * where the model, changed by those before, computes it, and what it makes is written where the
 * model's own output would be. Special tokens keep what the model makes.
 */
final class TranscoderRun {
  private final Transformer model;
  private final List<Stage> stages;

  /** What has been encoded so far, stage by stage. */
  private final List<FloatMatrix> inputs = new ArrayList<>();

  private final List<SparseCodes> codes = new ArrayList<>();

  /** Writes what the codes of stages so far make at the last of them. */
  @FunctionalInterface
  private interface Maker {
    void make(FloatMatrix out, List<SparseCodes> codes, FloatMatrix x);
  }

  private record Stage(
      HookPoint input, HookPoint output, Function<FloatMatrix, SparseCodes> encode, Maker maker) {}

  private TranscoderRun(Transformer model, List<Stage> stages) {
    this.model = model;
    this.stages = stages;
  }

  static TranscoderRun of(Transformer model, HookPoint input, HookPoint output, Sae transcoder) {
    Stage only =
        new Stage(
            input,
            output,
            x -> {
              SparseCodes codes = transcoder.newCodes(x.rows());
              transcoder.encode(codes, x);
              return codes;
            },
            (out, codes, x) -> transcoder.reconstruct(out, codes.getFirst(), x));
    return new TranscoderRun(model, List.of(only));
  }

  static TranscoderRun ofLayers(Transformer model, CrossLayerTranscoder transcoder, String input) {
    return new TranscoderRun(
        model,
        IntStream.range(0, transcoder.config().layers())
            .mapToObj(layer -> ofLayer(layer, transcoder, input))
            .toList());
  }

  private static Stage ofLayer(int layer, CrossLayerTranscoder transcoder, String input) {
    return new Stage(
        HookPoint.inBlock(layer, input),
        HookPoint.mlpOut(layer),
        x -> {
          SparseCodes codes = transcoder.newCodes(x.rows());
          transcoder.encode(layer, codes, x);
          return codes;
        },
        (out, codes, x) -> transcoder.reconstruct(layer, out, codes, x));
  }

  Map<HookPoint, Edit> edits() {
    Map<HookPoint, Edit> edits = new LinkedHashMap<>();
    for (Stage stage : stages) {
      edits.put(stage.input(), (x, _) -> encode(stage, x));
      edits.put(stage.output(), (out, batch) -> write(stage, out, batch));
    }
    return edits;
  }

  private void encode(Stage stage, FloatMatrix x) {
    if (inputs.size() == stages.size()) {
      inputs.clear();
      codes.clear();
    }
    Device device = model.device();
    FloatMatrix copy = device.floats(x.rows(), x.cols());
    device.kernels().copy(copy, x);
    inputs.add(copy);
    codes.add(stage.encode().apply(copy));
  }

  private void write(Stage stage, FloatMatrix out, TokenBatch batch) {
    for (TextRows rows : TextRows.of(model.tokenizer(), batch)) {
      List<SparseCodes> own =
          codes.stream().map(each -> each.rowRange(rows.from(), rows.to())).toList();
      stage
          .maker()
          .make(
              out.rowRange(rows.from(), rows.to()),
              own,
              inputs.getLast().rowRange(rows.from(), rows.to()));
    }
  }
}
