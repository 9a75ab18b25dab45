package mechinterp.experiments.languagemodel;

import java.util.Locale;
import java.util.stream.Collectors;
import mechinterp.experiments.text.JavaLibrary;

/**
 * The README.md of a trained model: what it is, what it read, what it can do, whose text it was.
 */
final class ModelCard {
  private ModelCard() {}

  static String of(LanguageModelConfig config, LanguageModelResult result) {
    LanguageModelConfig.Model model = config.model();
    return String.format(
        Locale.ROOT,
        """
        ---
        license: apache-2.0
        language: multilingual
        pipeline_tag: text-generation
        library_name: transformers
        ---
        # %s

        A small GPT-2 for interpretability research, trained from scratch by mechinterp's own engine
        (`./mechinterp model train --config configs/%s.json`). It writes plausible debates, dictionary entries and Java,
        knows nothing, and is no assistant.

        | | |
        |---|---|
        | architecture | GPT-2, tied embeddings, %d layers, d_model %d, %d heads, context %d |
        | parameters | %,d |
        | tokenizer | byte-level BPE of %,d tokens, trained on the same text; documents are divided by `%s` |
        | training | %,d tokens, %,d different ones; AdamW, peak rate %s, batch %d windows of %d tokens |
        | weights | float16 |

        ## Held-out text

        Documents were divided by the hash of their names; no document, and no day of Europarl, is in two parts.
        Bits per byte: the cross-entropy of all tokens, ends of text included, over the bytes of the text; windows of
        %d tokens without overlap. The baseline is an interpolated modified Kneser-Ney trigram on the same tokens.

        | domain | documents | bytes | nats a token | bits per byte | trigram |
        |---|---|---|---|---|---|
        %s

        ## Text and licences

        - Europarl (Koehn 2005), the lines that Apache Lucene's test framework carries: English whole, %.0f %% of the
          passages in 20 other languages. No known restriction.
        - WordNet 3.1 (Princeton University), words and glosses: WordNet licence.
        - Java sources with Javadoc, Apache-2.0, %.0f %% of the files of:
        %s

        The weights are under the Apache License 2.0. The text may hold its speakers' and authors' mistakes and
        prejudices, and so may what the model writes.
        """,
        config.name(),
        config.name(),
        model.nLayers(),
        model.dModel(),
        model.nHeads(),
        model.nCtx(),
        result.parameters(),
        config.vocabularySize(),
        EncodedText.END_OF_TEXT,
        result.last().tokens(),
        Math.min(result.last().tokens(), result.textTokens()),
        config.train().learningRate(),
        config.train().batchWindows(),
        model.nCtx(),
        model.nCtx(),
        result.domains().stream().map(ModelCard::row).collect(Collectors.joining("\n")),
        100 * config.text().europarlOtherFraction(),
        100 * config.text().javaFraction(),
        config.text().javaSources().stream()
            .map(JavaLibrary::coordinates)
            .map(coordinates -> "  - `" + coordinates + "`")
            .collect(Collectors.joining("\n")));
  }

  private static String row(DomainResult domain) {
    return String.format(
        Locale.ROOT,
        "| %s | %,d | %,d | %.3f | %.3f | %.3f |",
        domain.domain(),
        domain.documents(),
        domain.bytes(),
        domain.lossNats(),
        domain.bitsPerByte(),
        domain.trigramBitsPerByte());
  }
}
