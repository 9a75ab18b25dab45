package mechinterp.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import mechinterp.metrics.LinearProbes.Examples;
import mechinterp.metrics.LinearProbes.Row;
import mechinterp.random.RandomStream;
import org.junit.jupiter.api.Test;

/** Words that begin with one of three letters: a letter is a direction, and each word one. */
class ConceptAbsorptionTest {
  private static final int LETTERS = 3;
  private static final int WORDS = 120;
  private static final int WIDTH = LETTERS + WORDS;
  private static final int INPUTS = 480;

  private final List<Integer> words = new ArrayList<>();
  private final List<Integer> letters = new ArrayList<>();

  ConceptAbsorptionTest() {
    for (int i = 0; i < INPUTS; i++) {
      words.add(i % WORDS);
      letters.add(i % WORDS % LETTERS);
    }
  }

  private Examples activations(String name) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < INPUTS; i++) {
      float[] x = new float[WIDTH];
      RandomStream.of(1, name + i).fillGaussian(x, 0, 0.05f);
      x[letters.get(i)] += 2;
      x[LETTERS + words.get(i)] += 1;
      rows.add(Row.dense(x));
    }
    return new Examples(rows, letters);
  }

  private ConceptAbsorption absorption() {
    return new ConceptAbsorption(activations("training"), activations("test"), LETTERS, 1);
  }

  /** A latent for each letter and each word; the letter's is silent where the word absorbs it. */
  private List<Row> codes(int absorbingWord) {
    List<Row> codes = new ArrayList<>();
    for (int i = 0; i < INPUTS; i++) {
      int word = words.get(i);
      codes.add(
          word == absorbingWord
              ? new Row(new int[] {LETTERS + word}, new float[] {2.2f})
              : new Row(new int[] {letters.get(i), LETTERS + word}, new float[] {2, 1}));
    }
    return codes;
  }

  private static float[][] decoder(int absorbingWord) {
    float[][] rows = new float[WIDTH][WIDTH];
    for (int latent = 0; latent < WIDTH; latent++) {
      rows[latent][latent] = 1;
    }
    if (absorbingWord >= 0) {
      float[] row = rows[LETTERS + absorbingWord];
      row[absorbingWord % LETTERS] = 0.9f;
      row[LETTERS + absorbingWord] = 0.44f;
    }
    return rows;
  }

  @Test
  void lettersThatHaveTheirLatentsAreNotAbsorbed() {
    ConceptAbsorption absorption = absorption();
    assertEquals(List.of(0, 1, 2), absorption.measurable());
    assertTrue(absorption.probeF1()[0] > 0.95, absorption.probeF1()[0] + "");
    for (ConceptAbsorption.Result result : absorption.of(codes(-1), codes(-1), decoder(-1))) {
      assertEquals(0, result.fraction());
      assertEquals(0, result.full());
      assertEquals(1, result.mainLatents());
    }
  }

  /**
   * One of a letter's forty words carries it alone: a fortieth of the inputs, all in full. (Of a
   * larger share the word's latent would be a second main latent, since the F1 would rise by .03.)
   */
  @Test
  void theShareOfWordsThatCarryTheLetterThemselvesIsFound() {
    List<ConceptAbsorption.Result> results = absorption().of(codes(4), codes(4), decoder(4));
    assertEquals(0, results.get(0).full());
    assertEquals(0, results.get(2).full());
    ConceptAbsorption.Result absorbed = results.get(1);
    assertEquals(1, absorbed.mainLatents());
    assertEquals(1.0 / 40, absorbed.full(), 1e-9);
    assertEquals(1.0 / 40, absorbed.fraction(), 1e-9);
  }

  @Test
  void anEmptyAutoencoderAbsorbsNothing() {
    List<Row> empty = new ArrayList<>();
    for (int i = 0; i < INPUTS; i++) {
      empty.add(new Row(new int[0], new float[0]));
    }
    for (ConceptAbsorption.Result result : absorption().of(empty, empty, new float[20][WIDTH])) {
      assertEquals(0, result.fraction());
      assertEquals(0, result.full());
    }
  }

  /** Where the activations say nothing of the letters, nothing is measured. */
  @Test
  void withoutAProbeNothingIsMeasured() {
    List<Row> noise = new ArrayList<>();
    for (int i = 0; i < INPUTS; i++) {
      float[] x = new float[WIDTH];
      RandomStream.of(2, "noise " + i).fillGaussian(x, 0, 1);
      noise.add(Row.dense(x));
    }
    Examples examples = new Examples(noise.subList(0, 240), letters.subList(0, 240));
    Examples others = new Examples(noise.subList(240, 480), letters.subList(240, 480));
    assertEquals(List.of(), new ConceptAbsorption(examples, others, LETTERS, 1).measurable());
  }
}
