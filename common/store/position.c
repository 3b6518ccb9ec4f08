/* position.c - see position.h. */
#include "store/position.h"

#include <string.h>

PositionVerdict position_compare(const Position *position, int64_t committed_offset,
                                 int64_t low_offset, int64_t high_offset)
{
    if (committed_offset < 0)
        return position->published_offset > low_offset && position->next_offset <= high_offset
                   ? POSITION_AS_SAVED
                   : POSITION_AS_GROUP;
    /* Behind it is usual: the last batch was saved, and not published. It is read again. */
    return position->next_offset >= 0 && committed_offset > position->next_offset
               ? POSITION_OLD_DATABASE
               : POSITION_AS_GROUP;
}

bool position_may_be_missing(const char *service)
{
    return strcmp(service, "customer-notification") == 0;
}
