package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.io.DType;
import mechinterp.io.SafetensorsWriter;
import mechinterp.io.TensorSink;
import mechinterp.model.TokenBatch;
import mechinterp.model.Transformer;
import mechinterp.model.TransformerConfig;
import mechinterp.tensor.FloatMatrix;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp model logits}. */
@Command(
    name = "logits",
    description = {
      "Run a model on one text and write the logits of all its tokens.",
      "F holds logits [n, vocab] (f32): row t are the logits of the token that follows token t."
    })
public final class ModelLogits implements Callable<Integer> {
  private static final int ROWS_AT_ONCE = 32;

  @Mixin private ModelOptions modelOptions;

  @ArgGroup(multiplicity = "1")
  private PromptOptions prompt;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "F",
      description = "Safetensors file to write.")
  private Path out;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(String out, String model, List<Integer> ids, int vocabulary) {}

  @Override
  public Integer call() throws IOException {
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, prompt::check);
      int vocabulary = model.unembed().vocabulary();
      int[] ids = prompt.ids(model.tokenizer(), model.config());
      FloatMatrix hidden = model.run(TokenBatch.ofIds(List.of(ids))).output();
      new SafetensorsWriter()
          .tensor("logits", DType.F32, sink -> write(sink, model, hidden), ids.length, vocabulary)
          .write(out);
      Result result =
          new Result(
              out.toString(), model.identity(), IntStream.of(ids).boxed().toList(), vocabulary);
      output.print(
          result,
          String.format(
              Locale.ROOT,
              "%s: logits [%d, %d] of %s",
              out,
              ids.length,
              vocabulary,
              model.config().name()));
    }
    return 0;
  }

  private static void write(TensorSink sink, Transformer model, FloatMatrix hidden)
      throws IOException {
    for (int first = 0; first < hidden.rows(); first += ROWS_AT_ONCE) {
      int end = Math.min(hidden.rows(), first + ROWS_AT_ONCE);
      float[] logits = model.device().toHost(model.logits(hidden.rowRange(first, end)));
      requireFinite(logits, first, model.config());
      sink.floats(logits, 0, logits.length);
    }
  }

  private static void requireFinite(float[] logits, int firstRow, TransformerConfig config)
      throws IOException {
    for (int i = 0; i < logits.length; i++) {
      if (!Float.isFinite(logits[i])) {
        throw new IOException(
            "model %s: the logit of id %d after token %d is %s; it must be a finite number"
                .formatted(
                    config.name(), i % config.dVocab(), firstRow + i / config.dVocab(), logits[i]));
      }
    }
  }
}
