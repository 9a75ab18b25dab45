package mechinterp.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import mechinterp.device.CpuDevice;
import mechinterp.device.Device;
import mechinterp.io.Refusal;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class GeneratorTest {
  private static final int[] PROMPT = {2, 12, 5};

  private final Device device = CpuDevice.scalar();
  private final Transformer model = TinyModels.frozen(TinyModels.GPT2, device);

  @ParameterizedTest
  @MethodSource("mechinterp.model.TinyModels#causal")
  void eachTokenIsTheLikeliestAfterThoseBefore(TransformerConfig config) {
    Transformer any = TinyModels.frozen(config, device);
    int[] found = Generator.of(any).stoppingAt(Set.of()).generate(PROMPT, 6);
    int[] text = Arrays.copyOf(PROMPT, 9);
    for (int i = 0; i < 6; i++) {
      text[3 + i] = likeliest(any, Arrays.copyOf(text, 3 + i));
    }

    assertArrayEquals(Arrays.copyOfRange(text, 3, 9), found);
  }

  private int likeliest(Transformer any, int[] text) {
    TokenBatch batch = TokenBatch.ofIds(List.of(text));
    float[] logits = device.toHost(any.logits(any.run(batch).output().row(text.length - 1)));
    int best = 0;
    for (int id = 0; id < logits.length; id++) {
      best = logits[id] > logits[best] ? id : best;
    }
    return best;
  }

  @Test
  void aSeedGivesOneTextAndAnotherSeedAnother() {
    Generator generator =
        Generator.of(model)
            .stoppingAt(Set.of())
            .with(Sampling.ofTemperature(2), RandomStream.of(5, "tokens"));

    assertArrayEquals(generator.generate(PROMPT, 9), generator.generate(PROMPT, 9));
    assertFalse(
        Arrays.equals(
            generator.generate(PROMPT, 9),
            generator
                .with(Sampling.ofTemperature(2), RandomStream.of(6, "tokens"))
                .generate(PROMPT, 9)));
  }

  @Test
  void tokensAreToldOneByOne() {
    List<Integer> told = new ArrayList<>();
    int[] found = Generator.of(model).stoppingAt(Set.of()).generate(PROMPT, 4, told::add);

    assertArrayEquals(found, told.stream().mapToInt(Integer::intValue).toArray());
  }

  @Test
  void aStopTokenEndsTheTextAndIsNotPartOfIt() {
    Generator generator = Generator.of(model).stoppingAt(Set.of());
    int[] whole = generator.generate(PROMPT, 6);
    int stop = whole[3];
    int[] cut = generator.stoppingAt(Set.of(stop)).generate(PROMPT, 6);
    int first = 0;
    while (whole[first] != stop) {
      first++;
    }

    assertArrayEquals(Arrays.copyOf(whole, first), cut);
  }

  @Test
  void editsChangeWhatIsGenerated() {
    Generator generator = Generator.of(model).stoppingAt(Set.of());
    Edit flip = (x, batch) -> device.kernels().scale(x, x, -2);

    assertFalse(
        Arrays.equals(
            generator.generate(PROMPT, 6),
            generator.with(Map.of(HookPoint.residPost(1), flip)).generate(PROMPT, 6)));
  }

  @Test
  void aTextThatIsTooLongIsRefused() {
    assertEquals(
        "generate: 10 tokens after a prompt of 3; the prompt must have a token, and gpt2 takes 12 together",
        Refusal.of(IllegalArgumentException.class, () -> Generator.of(model).generate(PROMPT, 10)));
    assertEquals(
        "logits: bert has no unembedding; it must be a language model",
        Refusal.of(
            IllegalArgumentException.class,
            () -> Generator.of(TinyModels.frozen(TinyModels.BERT, device))));
  }
}
