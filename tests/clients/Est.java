import java.io.FileInputStream;
import java.io.FileWriter;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.est.ESTAuth;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.HttpAuth;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Enrolls and renews by Bouncy Castle's EST client: HOST:PORT, ca.pem, PASSWORD, and the two files to write. */
class Est {
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        String server = arguments[0];
        X509Certificate authority;
        try (FileInputStream file = new FileInputStream(arguments[1])) {
            authority = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(file);
        }
        Set<TrustAnchor> anchors = Set.of(new TrustAnchor(authority, null));

        ESTService plain = service(server, anchors, null, null);
        int given = plain.getCACerts().getCertificateStore().getMatches(null).size();
        KeyPair key = newKey();
        X509Certificate first =
                enroll(plain, false, key, new HttpAuth("anybody", arguments[2].toCharArray()), arguments[3]);

        ESTService holder = service(server, anchors, key, first);
        enroll(holder, true, newKey(), null, arguments[4]);
        System.out.println(given);
    }

    private static ESTService service(
            String server, Set<TrustAnchor> anchors, KeyPair key, X509Certificate certificate) throws Exception {
        JsseESTServiceBuilder builder =
                new JsseESTServiceBuilder(server, JcaJceUtils.getCertPathTrustManager(anchors, null));
        if (key != null) {
            KeyStore kept = KeyStore.getInstance("PKCS12");
            kept.load(null, null);
            kept.setKeyEntry("own", key.getPrivate(), new char[0], new Certificate[] {certificate});
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(kept, new char[0]);
            for (KeyManager each : factory.getKeyManagers()) {
                builder.withKeyManager(each);
            }
        }
        return builder.build();
    }

    private static X509Certificate enroll(ESTService service, boolean again, KeyPair key, ESTAuth shown, String file)
            throws Exception {
        PKCS10CertificationRequest request =
                new JcaPKCS10CertificationRequestBuilder(new X500Principal("CN=mallory"), key.getPublic())
                        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()));
        X509CertificateHolder found =
                service.simpleEnroll(again, request, shown).getStore().getMatches(null).iterator().next();
        X509Certificate certificate = new JcaX509CertificateConverter().getCertificate(found);
        try (JcaPEMWriter writer = new JcaPEMWriter(new FileWriter(file))) {
            writer.writeObject(certificate);
        }
        return certificate;
    }

    private static KeyPair newKey() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }
}
