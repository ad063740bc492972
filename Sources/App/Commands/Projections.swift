import ArgumentParser
import Feed
import Kernel
import Profiles
import Search

/// What is derived from other contexts' data and can be made again.
struct Projections: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make derived data again.", subcommands: [Rebuild.self])

    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read all of a projection anew from its sources, beside the running program.")

        @Argument(help: "The projection: search, feed.") var name: String
        @Flag(
            name: .long,
            help: "Forget what there is first: nothing old is left, and searches find less meanwhile.")
        var wipe = false
        @OptionGroup var options: ProfileOptions

        func run() async throws {
            switch name {
            case SearchProjection.group: try await rebuildSearch()
            case FeedProjection.group:
                guard !wipe else {
                    throw CommandFailure.usage(
                        "the feed keeps what people have read, and what is older than the log: it is not wiped"
                    )
                }
                try await withBackend(options) { try await FeedRebuild($0).run() }
            default:
                let known = [SearchProjection.group, FeedProjection.group].joined(separator: ", ")
                throw CommandFailure.usage("there is no projection \"\(name)\"; there are: \(known)")
            }
        }

        private func rebuildSearch() async throws {
            try await withBackend(options) { backend in
                let projection = SearchProjection(backend)
                var (documents, tenants, after) = (0, 0, UUIDv7?.none)
                repeat {
                    let page = try await backend.tenants(
                        PageRequest(limit: 100, after: after, order: .oldestFirst))
                    for tenant in page.items {
                        documents += try await projection.rebuild(tenant, wiping: wipe).refreshed
                        tenants += 1
                    }
                    Output.line("\(documents) documents of \(tenants) teams")
                    after = page.next
                } while after != nil
            }
        }
    }
}
