package mechinterp.experiments.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import mechinterp.experiments.console.ResultOutput;
import mechinterp.io.Json;
import mechinterp.model.Models;
import mechinterp.tokenizer.Tokenizer;
import mechinterp.tokenizer.Tokenizers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mechinterp tokenize}. */
@Command(
    name = "tokenize",
    description = "Show the tokens of a text. Of a model only the tokenizer is read.")
public final class Tokenize implements Callable<Integer> {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "M",
      description = {
        ModelOptions.DESCRIPTION,
        "A folder needs only the files of the tokenizer; tokenizer.json itself will do too."
      })
  private String model;

  @Option(names = "--text", required = true, paramLabel = "T", description = "The text.")
  private String text;

  @Option(
      names = "--plain",
      description = "Leave out the special tokens that the tokenizer puts around every text.")
  private boolean plain;

  @Mixin private OfflineOption offline;
  @Mixin private ResultOutput output;

  /** What is printed. */
  record Result(List<Integer> ids, List<String> tokens) {}

  @Override
  public Integer call() throws IOException {
    Tokenizer tokenizer = tokenizer();
    int[] ids = (plain ? tokenizer.encodePlain(text) : tokenizer.encode(text)).ids();
    List<String> tokens = IntStream.of(ids).mapToObj(tokenizer::token).toList();
    Result result = new Result(IntStream.of(ids).boxed().toList(), tokens);
    output.print(result, describe(result));
    return 0;
  }

  private Tokenizer tokenizer() throws IOException {
    Path path = Path.of(model);
    boolean json = model.endsWith(".json") && Files.isRegularFile(path);
    return json || Tokenizers.isIn(path)
        ? Tokenizers.read(path)
        : Models.tokenizer(model, offline.options());
  }

  private static String describe(Result result) {
    return IntStream.range(0, result.ids().size())
        .mapToObj(i ->
            String.format(
                Locale.ROOT,
                "%7d  %s%n",
                result.ids().get(i),
                Json.compact(result.tokens().get(i))))
        .collect(Collectors.joining());
  }
}
