import Kernel
import Logging
import NIOCore
import NIOHTTP1

/// The bucket itself: there, open to the pages that send parts, and cleared of uploads that nobody finished.
package struct S3Bucket: Sendable {
    package enum Outcome: Sendable, Equatable {
        /// It was so already.
        case kept
        case made
        /// Somebody else's rules are there, which are left alone; or the store has no such thing.
        case refused(String)
    }

    package struct Preparation: Sendable, Equatable {
        package let bucket: Outcome
        package let cors: Outcome
        package let lifecycle: Outcome
    }

    /// More than any upload lives.
    private static let unfinishedDays = 7

    private let store: S3ObjectStore
    private var client: S3Client { store.client }
    private var settings: S3ObjectStore.Settings { store.settings }
    /// Of the rules that are ours; deployments that share a bucket differ in it.
    private var rule: String { "cloudstream " + settings.keyPrefix }

    package init(_ store: S3ObjectStore) { self.store = store }

    /// Makes what is missing; again is harmless. Fails if there is no bucket in the end. A store that has no rules, or
    /// lets this key set none, is told of in the log.
    @discardableResult
    package func prepare() async throws -> Preparation {
        let bucket = try await makeBucket()
        // Without pages of another origin there is nobody to allow.
        let cors: Outcome = settings.allowedOrigins.isEmpty ? .kept : await applied(corsRules)
        let lifecycle = await applied(lifecycleRules)
        tell(
            cors,
            "pages of \(settings.allowedOrigins) may not send parts until the bucket's CORS rules allow PUT")
        tell(lifecycle, "parts of uploads that a crash left open stay until somebody aborts them")
        return Preparation(bucket: bucket, cors: cors, lifecycle: lifecycle)
    }

    private func makeBucket() async throws(Failure) -> Outcome {
        do {
            _ = try await client.call(S3Request(method: .HEAD))
            return .kept
        } catch {
            guard error.answered?.status == 404 else { throw error }
        }
        var request = S3Request(method: .PUT)
        // The first region is the one that must not be named.
        if settings.region != "us-east-1" {
            let region = settings.region.escapedForXML
            request.body = S3Request.document(
                "<CreateBucketConfiguration><LocationConstraint>\(region)</LocationConstraint>"
                    + "</CreateBucketConfiguration>")
        }
        do {
            _ = try await client.call(request)
        } catch {
            guard error.answered?.code == "BucketAlreadyOwnedByYou" else { throw error }
        }
        return .made
    }

    /// Sets one kind of rules, unless there are some already that are not ours alone. Those that are as they should be
    /// are not set again: all processes do this when they start, and stores are slow to let many write rules.
    private func applied(_ rules: Rules) async -> Outcome {
        do throws(Failure) {
            let found = try await current(rules)
            if found.count == 1, rules.isThere(found[0]) { return .kept }
            guard found.allSatisfy({ $0.text(of: "ID") == rule }) else {
                return .refused("the bucket has \(rules.kind) rules of its own")
            }
            var request = S3Request(method: .PUT, query: [(rules.kind, "")])
            request.body = S3Request.document(rules.document)
            _ = try await client.call(request)
            return .made
        } catch {
            return .refused("\(error)")
        }
    }

    private func current(_ rules: Rules) async throws(Failure) -> [XMLElement] {
        do {
            return try await client.call(S3Request(method: .GET, query: [(rules.kind, "")])).document()
                .children
        } catch {
            // There are none: stores differ in the code by which they say so.
            guard error.answered?.status == 404 else { throw error }
            return []
        }
    }

    private func tell(_ outcome: Outcome, _ consequence: String) {
        guard case .refused(let reason) = outcome else { return }
        store.logger.warning(
            "bucket rules were not set", metadata: ["reason": "\(reason)", "consequence": "\(consequence)"])
    }

    private struct Rules: Sendable {
        let kind: String
        let document: String
        /// Whether the rule in the bucket is the one of `document`.
        let isThere: @Sendable (XMLElement) -> Bool
    }

    /// The page reads the ETag of each part, which browsers hide unless it is exposed.
    private var corsRules: Rules {
        let wanted = Set(settings.allowedOrigins)
        let origins = settings.allowedOrigins.map { "<AllowedOrigin>\($0.escapedForXML)</AllowedOrigin>" }
        let methods = ["PUT", "GET", "HEAD"].map { "<AllowedMethod>\($0)</AllowedMethod>" }
        let document =
            "<CORSConfiguration><CORSRule><ID>\(rule.escapedForXML)</ID>" + origins.joined()
            + methods.joined()
            + "<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
            + "<ExposeHeader>Content-Range</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds>"
            + "</CORSRule></CORSConfiguration>"
        return Rules(kind: "cors", document: document) { [rule] found in
            found.text(of: "ID") == rule && Set(found.all("AllowedOrigin").map(\.text)) == wanted
                && found.all("AllowedMethod").contains { $0.text == "PUT" }
                && found.all("ExposeHeader").contains { $0.text == "ETag" }
        }
    }

    private var lifecycleRules: Rules {
        let days = String(Self.unfinishedDays)
        let document =
            "<LifecycleConfiguration><Rule><ID>\(rule.escapedForXML)</ID>"
            + "<Filter><Prefix>\(settings.keyPrefix.escapedForXML)</Prefix></Filter><Status>Enabled</Status>"
            + "<AbortIncompleteMultipartUpload><DaysAfterInitiation>\(days)</DaysAfterInitiation>"
            + "</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>"
        return Rules(kind: "lifecycle", document: document) { [rule] found in
            let abort = found.all("AbortIncompleteMultipartUpload").first
            return found.text(of: "ID") == rule && found.text(of: "Status") == "Enabled"
                && abort?.text(of: "DaysAfterInitiation") == days
        }
    }
}
