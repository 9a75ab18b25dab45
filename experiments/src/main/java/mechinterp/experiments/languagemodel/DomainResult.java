package mechinterp.experiments.languagemodel;

/**
 * How well a domain's test part is predicted.
 *
 * @param domain which
 * @param documents how many
 * @param bytes of their text in UTF-8
 * @param tokens predicted, the ends of text included
 * @param lossNats mean cross-entropy of the model in nats a token
 * @param bitsPerByte sum of the cross-entropies of all tokens in bits / bytes
 * @param trigramBitsPerByte the same of the Kneser-Ney trigram on the same tokens
 */
public record DomainResult(
    String domain,
    int documents,
    long bytes,
    int tokens,
    double lossNats,
    double bitsPerByte,
    double trigramBitsPerByte) {

  static DomainResult of(Domain domain, EncodedText.Test test, double nats, double trigramNats) {
    return new DomainResult(
        domain.title(),
        test.documents(),
        test.bytes(),
        test.tokens().tokens(),
        nats / test.tokens().tokens(),
        bitsPerByte(nats, test.bytes()),
        bitsPerByte(trigramNats, test.bytes()));
  }

  private static double bitsPerByte(double nats, long bytes) {
    return nats / Math.log(2) / bytes;
  }
}
