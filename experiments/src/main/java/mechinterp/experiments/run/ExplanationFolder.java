package mechinterp.experiments.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import mechinterp.analysis.explanation.ExplanationConfig;
import mechinterp.analysis.explanation.Explanations;
import mechinterp.analysis.explanation.LatentExplanation;
import mechinterp.io.Json;
import mechinterp.io.chat.ChatLog;
import mechinterp.io.chat.ChatModel;

/**
 * The folder of explanations: {@code explanations.json} with what is known so far, {@code
 * log.jsonl} with every question and answer. Explanations of other latents are added to those that
 * are there.
 */
public final class ExplanationFolder {
  /** The order of explanations in the file. */
  public static final Comparator<LatentExplanation> BY_LATENT =
      Comparator.comparingInt(LatentExplanation::latent);

  private static final String RESULT = "explanations.json";
  private static final String LOG = "log.jsonl";

  private final Path folder;
  private final Explanations head;
  private final TreeMap<Integer, LatentExplanation> known = new TreeMap<>();

  private ExplanationFolder(Path folder, Explanations head) {
    this.folder = folder;
    this.head = head;
    head.explanations().forEach(each -> known.put(each.latent(), each));
  }

  /** Reads the explanations of a folder. */
  public static Explanations read(Path folder) throws IOException {
    return Json.read(file(folder), Explanations.class);
  }

  /** Returns the file with the explanations of a folder. */
  public static Path file(Path folder) {
    return folder.resolve(RESULT);
  }

  /**
   * Begins a folder or goes on with one.
   *
   * @param head what the explanations are of; none yet
   * @throws IllegalArgumentException when the folder has explanations of something else, by another
   *     judge or with other settings
   * @throws IOException when the folder holds something else, or cannot be read or written
   */
  public static ExplanationFolder open(Path folder, Explanations head) throws IOException {
    if (Files.exists(file(folder))) {
      Explanations found = read(folder);
      requireSame(folder, head, found);
      return new ExplanationFolder(folder, found);
    }
    if (!Files.exists(folder.resolve(LOG))) {
      RunFiles.requireFree(folder);
    }
    var _ = Files.createDirectories(folder);
    return new ExplanationFolder(folder, head);
  }

  private static void requireSame(Path folder, Explanations wanted, Explanations found) {
    found.requireOf(file(folder).toString(), wanted.model(), wanted.hook(), wanted.latents());
    require(folder, "judge", found.judge(), wanted.judge());
    ExplanationConfig settings = wanted.config();
    require(folder, "config", Json.compact(found.config()), Json.compact(settings));
  }

  private static void require(Path folder, String field, String found, String wanted) {
    if (!found.equals(wanted)) {
      throw new IllegalArgumentException(
          "%s: %s is %s, now it is %s; name another folder"
              .formatted(file(folder), field, found, wanted));
    }
  }

  /** Returns a model whose questions and answers are kept. */
  public ChatLog log(ChatModel model) throws IOException {
    return ChatLog.open(folder.resolve(LOG), model);
  }

  /** Adds explanations and writes them all. */
  public void add(Collection<LatentExplanation> more) throws IOException {
    more.forEach(each -> known.put(each.latent(), each));
    Json.write(file(folder), all());
  }

  private Explanations all() {
    return with(List.copyOf(known.values()));
  }

  /** Returns some explanations with what they are of. */
  public Explanations with(List<LatentExplanation> some) {
    return new Explanations(
        head.judge(), head.model(), head.hook(), head.latents(), head.config(), some);
  }
}
