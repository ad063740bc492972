/// Lets few tests at one time have what there is little of.
package actor Turns {
    private var free: Int
    private var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    package init(_ count: Int) { free = count }

    package func begin(_ count: Int = 1) async {
        if waiting.isEmpty, free >= count {
            free -= count
        } else {
            await withCheckedContinuation { waiting.append((count, $0)) }
        }
    }

    package func end(_ count: Int = 1) {
        free += count
        while let next = waiting.first, free >= next.count {
            free -= next.count
            waiting.removeFirst().continuation.resume()
        }
    }
}
