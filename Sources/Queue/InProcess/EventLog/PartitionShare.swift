/// What one member of a group keeps, takes and gives up, so that the members come to hold about equally many.
///
/// Every member computes it alone from the same rows; the quotas add up to the number of partitions.
struct PartitionShare: Equatable, Sendable {
    struct Holding: Sendable {
        let partition: Int
        /// Nil where nobody holds it, or its hold has lapsed.
        let owner: String?
        /// Its owner has events of it in hand.
        let isBusy: Bool
    }

    private(set) var kept: [Int] = []
    private(set) var taken: [Int] = []
    private(set) var released: [Int] = []
    /// To be given up as soon as what is in hand is committed; nothing more is handed out from them.
    private(set) var draining: [Int] = []

    init(of member: String, among members: Set<String>, holdings: [Holding]) {
        let quota = Self.quota(of: member, among: members, partitions: holdings.count)
        let mine = holdings.filter { $0.owner == member }
        // Idle ones first: giving up a busy one would have its events applied twice.
        let order = mine.filter { !$0.isBusy } + mine.filter(\.isBusy)
        let surplus = order.prefix(max(0, mine.count - quota))
        released = surplus.filter { !$0.isBusy }.map(\.partition)
        draining = surplus.filter(\.isBusy).map(\.partition)
        kept = order.dropFirst(surplus.count).map(\.partition).sorted()
        let free = holdings.filter { $0.owner == nil }
        taken = free.prefix(max(0, quota - mine.count)).map(\.partition)
    }

    /// The first members by name hold one more where the number does not divide.
    private static func quota(of member: String, among members: Set<String>, partitions: Int) -> Int {
        let all = members.union([member]).sorted()
        let index = all.firstIndex(of: member) ?? 0
        return partitions / all.count + (index < partitions % all.count ? 1 : 0)
    }
}
