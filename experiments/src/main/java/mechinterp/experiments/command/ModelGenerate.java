package mechinterp.experiments.command;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import mechinterp.device.Device;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.model.Generator;
import mechinterp.model.Sampling;
import mechinterp.model.Transformer;
import mechinterp.random.RandomStream;
import mechinterp.tokenizer.SpecialTokens;
import mechinterp.tokenizer.TokenDecoder;
import mechinterp.tokenizer.Tokenizer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp model generate}. */
@Command(
    name = "generate",
    description = {
      "Let a model go on with a text, and print what it adds while it does.",
      "Without --temperature it takes the likeliest token each time. The same seed gives the same text."
    })
public final class ModelGenerate implements Callable<Integer> {
  private static final double NANOS = 1e9;

  @Mixin private ModelOptions modelOptions;

  @ArgGroup(multiplicity = "1")
  private PromptOptions prompt;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Most tokens to add. Default: ${DEFAULT-VALUE}, or fewer where no more fit.")
  private int tokens = 64;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      description = "Draw tokens, of softmax(logits / X); 0 takes the likeliest. Default: 0.")
  private double temperature = 0;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Draw among the K likeliest tokens. Default: all.")
  private int topK = Integer.MAX_VALUE;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Draw among the likeliest tokens that reach this probability together.")
  private double topP = 1;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the draws. Default: 0.")
  private long seed = 0;

  @Option(names = "--ignore-eos", description = "Go on after the token that ends a text.")
  private boolean ignoreEos;

  @Mixin private DeviceOptions deviceOptions;
  @Mixin private ResultOutput output;

  /** What is printed; without a tokenizer the text is the ids. */
  record Result(
      String model, List<Integer> promptIds, List<Integer> ids, String text, double seconds) {}

  @Override
  public Integer call() throws IOException {
    if (tokens < 0) {
      throw new IllegalArgumentException(
          "--tokens: is %d; it must not be negative".formatted(tokens));
    }
    Sampling sampling = new Sampling(temperature, topK, topP);
    try (Device device = deviceOptions.open()) {
      Transformer model = modelOptions.load(device, output, prompt::check);
      int[] ids = prompt.ids(model.tokenizer(), model.config());
      Generator generator = Generator.of(model).with(sampling, RandomStream.of(seed, "generate"));
      generate(model, ignoreEos ? generator.stoppingAt(Set.of()) : generator, ids);
    }
    return 0;
  }

  private void generate(Transformer model, Generator generator, int[] ids) throws IOException {
    int room = Math.max(0, model.config().nCtx() - ids.length);
    Streamed streamed = new Streamed(output, model.tokenizer());
    long started = System.nanoTime();
    int[] added = added(model, generator, ids, Math.min(tokens, room), streamed);
    streamed.end();
    double seconds = (System.nanoTime() - started) / NANOS;
    Result result = new Result(model.identity(), list(ids), list(added), streamed.text(), seconds);
    output.print(result, "");
    output
        .progress()
        .note(
            String.format(
                Locale.ROOT, "%d tokens, %.1f tokens/s", added.length, added.length / seconds));
  }

  private static int[] added(
      Transformer model, Generator generator, int[] ids, int most, Streamed streamed)
      throws IOException {
    try {
      return generator.generate(ids, most, streamed);
    } catch (ArithmeticException notFinite) {
      String problem = "model %s: %s".formatted(model.config().name(), notFinite.getMessage());
      throw new IOException(problem, notFinite);
    }
  }

  private static List<Integer> list(int[] ids) {
    return IntStream.of(ids).boxed().toList();
  }

  /**
   * Prints tokens as they come: their text, or their ids where there is no tokenizer. Models may
   * have more ids than there are tokens; those have no text.
   */
  private static final class Streamed implements IntConsumer {
    private final ResultOutput output;
    private final int tokens;
    private final Optional<TokenDecoder> decoder;
    private final StringBuilder text = new StringBuilder();

    Streamed(ResultOutput output, Tokenizer tokenizer) {
      this.output = output;
      this.tokens = tokenizer.vocabularySize();
      this.decoder =
          tokens == 0 ? Optional.empty() : Optional.of(tokenizer.decoder(SpecialTokens.OMIT));
    }

    @Override
    public void accept(int id) {
      print(decoder.map(known -> id < tokens ? known.add(id) : "").orElse(id + " "));
    }

    void end() {
      print(decoder.map(TokenDecoder::end).orElse(""));
    }

    private void print(String piece) {
      text.append(piece);
      output.stream(piece);
    }

    String text() {
      return text.toString();
    }
  }
}
